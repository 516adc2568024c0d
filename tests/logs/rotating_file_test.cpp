#include "lastgood/logs/rotating_file.h"

#include <signal.h>
#include <sys/resource.h>

#include <cstdio>

#include "process/world.h"

namespace lastgood::logs {
namespace {

std::string tell(std::uint64_t lines) {
    return "lost " + std::to_string(lines) + "\n";
}

std::string unzipped(const std::string& path) {
    FILE* pipe = popen(("gzip -dc " + path).c_str(), "r");
    char buffer[4096];
    std::string text;
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
        text.append(buffer, got);
    }
    pclose(pipe);
    return text;
}

class RotatingFileTest : public test::World {
  protected:
    std::string path = dir.file("log");
};

TEST_F(RotatingFileTest, CutsBySizeAndKeepsTheNewestPieces) {
    RotatingFile file(path, {10, 2, false}, &reaper, tell);
    for (const char* line : {"one 5678\n", "two 5678\n", "three678\n", "four 678\n"}) {
        file.write(line);
    }
    EXPECT_EQ(test::read_all(path), "four 678\n");
    EXPECT_EQ(test::read_all(path + ".1"), "three678\n");
    EXPECT_EQ(test::read_all(path + ".2"), "two 5678\n");
    EXPECT_FALSE(sys::exists(path + ".3"));
}

TEST_F(RotatingFileTest, GoesOnWithTheFileThatIsThere) {
    { RotatingFile(path, {20, 2, false}, nullptr, tell).write("before\n"); }
    RotatingFile file(path, {20, 2, false}, nullptr, tell);
    file.write("after\n");
    EXPECT_EQ(test::read_all(path), "before\nafter\n");
    file.write("too much now\n");
    EXPECT_EQ(test::read_all(path + ".1"), "before\nafter\n");
}

TEST_F(RotatingFileTest, CompressesOlderPiecesWithoutLosingAnyWhileItIsCutOn) {
    RotatingFile file(path, {100'000, 8, true}, &reaper, tell);
    std::string expected;
    for (int i = 0; i < 8; ++i) {
        const std::string piece = std::string(99'000, static_cast<char>('a' + i)) + "\n";
        file.write(piece);  // faster than any compressor
        expected += piece;
    }
    const auto compressed = [&](int number) {
        return sys::exists(path + "." + std::to_string(number) + ".gz");
    };
    ASSERT_TRUE(until([&] { return compressed(2) && compressed(7) && !sys::exists(path + ".7"); }));
    ASSERT_TRUE(until([&] { return !sys::exists(path + ".gz.part"); }));
    std::string all;
    for (int number = 7; number >= 2; --number) {
        EXPECT_FALSE(sys::exists(path + "." + std::to_string(number))) << number;
        all += unzipped(path + "." + std::to_string(number) + ".gz");
    }
    all += test::read_all(path + ".1") + test::read_all(path);
    EXPECT_TRUE(all == expected) << all.size() << " of " << expected.size();
}

TEST_F(RotatingFileTest, CountsWhatCantBeWrittenAndTellsItAfterwards) {
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    const rlimit full{8, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &full);  // what a full disk looks like
    RotatingFile file(path, {0, 2, false}, &reaper, tell);
    file.write("fits\n");
    file.write("this one is half written\n");
    file.write("so is this one, too\nand this\n");
    EXPECT_EQ(file.lost_lines(), 3U);
    setrlimit(RLIMIT_FSIZE, &before);
    file.write("room again\n");
    EXPECT_EQ(test::read_all(path), "fits\nlost 3\nroom again\n");
    EXPECT_EQ(file.lost_lines(), 3U);
}

TEST_F(RotatingFileTest, ANameThatCantBeOpenedCostsTheLinesOnly) {
    RotatingFile file(dir.file("no/such/folder"), {10, 2, true}, &reaper, tell);
    file.write("one\n");
    file.write("two\n");
    EXPECT_EQ(file.lost_lines(), 2U);
}

}  // namespace
}  // namespace lastgood::logs
