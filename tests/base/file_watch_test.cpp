#include "lastgood/base/sys/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"

namespace lastgood::sys {
namespace {

class FileWatchTest : public testing::Test {
  protected:
    [[nodiscard]] std::string path(const std::string& name) const { return dir_ / name; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
    }
    void watch(std::vector<std::string> names) {
        for (auto& name : names) name = path(name);
        watch_ = std::make_unique<FileWatch>(loop_, names, Millis(10), [this] { ++told_; });
    }
    // Turns the loop until it was told, or for as long as it would surely have been.
    int told_within(Millis patience) {
        const Instant end = BootClock::now() + patience;
        while (told_ == 0 && BootClock::now() < end) loop_.run_once(Millis(20));
        return std::exchange(told_, 0);
    }

    test::TempDir dir_;
    EventLoop loop_;
    std::unique_ptr<FileWatch> watch_;
    int told_ = 0;
};

TEST_F(FileWatchTest, TellsOfAFileThatIsWritten) {
    write("secret", "one");
    watch({"secret"});
    write("secret", "two");
    EXPECT_EQ(told_within(Millis(10'000)), 1);
}

TEST_F(FileWatchTest, TellsOfAFileThatIsReplacedOrAppears) {
    watch({"secret"});
    write("new", "two");
    std::filesystem::rename(path("new"), path("secret"));
    EXPECT_EQ(told_within(Millis(10'000)), 1);
}

TEST_F(FileWatchTest, TellsOfALinkThatIsTurnedAndOfWhatItLeadsTo) {
    std::filesystem::create_directory(path("archive"));
    write("archive/cert1", "one");
    write("archive/cert2", "two");
    std::filesystem::create_symlink("archive/cert1", path("cert"));
    watch({"cert"});
    write("archive/cert1", "other");
    EXPECT_EQ(told_within(Millis(10'000)), 1);
    std::filesystem::create_symlink("archive/cert2", path("turned"));
    std::filesystem::rename(path("turned"), path("cert"));
    EXPECT_EQ(told_within(Millis(10'000)), 1);
}

TEST_F(FileWatchTest, TellsOnceOfAPairThatIsWrittenTogether) {
    watch({"cert", "key"});
    write("cert", "a");
    write("key", "b");
    EXPECT_EQ(told_within(Millis(10'000)), 1);
    EXPECT_EQ(told_within(Millis(100)), 0);
}

TEST_F(FileWatchTest, OtherFilesOfTheFolderAreNoNews) {
    watch({"secret"});
    write("other", "x");
    EXPECT_EQ(told_within(Millis(100)), 0);
}

TEST_F(FileWatchTest, AFolderThatIsNotThereIsLeftOut) {
    watch({"nowhere/secret", "secret"});
    write("secret", "x");
    EXPECT_EQ(told_within(Millis(10'000)), 1);
}

}  // namespace
}  // namespace lastgood::sys
