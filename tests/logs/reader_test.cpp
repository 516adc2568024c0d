#include "lastgood/logs/reader.h"

#include <atomic>
#include <cstdlib>
#include <thread>

#include "process/world.h"

namespace lastgood::logs {
namespace {

std::string at(int second, const std::string& rest) {
    char time[32];
    std::snprintf(time, sizeof time, "2026-05-01T12:00:%02d.000Z ", second);
    return time + rest + "\n";
}

class ReaderTest : public ::testing::Test {
  protected:
    void file(const std::string& name, const std::string& text) {
        std::ofstream(dir.file(name), std::ios::binary | std::ios::app) << text;
    }
    std::vector<std::string> texts(const LogQuery& query) {
        auto reader = Reader::open(sources, query);
        EXPECT_TRUE(reader.ok());
        std::vector<std::string> found;
        for (const auto& line : (*reader)->last()) found.push_back(line.source + ": " + line.text);
        return found;
    }
    using Texts = std::vector<std::string>;

    test::TempDir dir;
    std::vector<LogSource> sources{{"app", dir.file("output.log")},
                                   {"lastgood", dir.file("lastgood.log")}};
};

TEST_F(ReaderTest, MergesSourcesByTime) {
    file("output.log", at(1, "blue out | one") + at(3, "blue err | three"));
    file("lastgood.log", at(2, "info engine | two") + at(4, "warn engine | four"));
    EXPECT_EQ(texts({}), (Texts{"app: one", "lastgood: two", "app: three", "lastgood: four"}));
    LogQuery query;
    query.lines_max = 2;
    EXPECT_EQ(texts(query), (Texts{"app: three", "lastgood: four"}));
}

TEST_F(ReaderTest, MergesFilesThatAnAppWritesByItself) {
    sources.push_back({"app", dir.file("all.log"), false});
    file("output.log", at(1, "blue out | one") + at(4, "blue out | four"));
    file("all.log",
         "[2026-05-01T12:00:02.000Z] error: two\n    at main.js:1\n"
         "{\"time\":1777636803000,\"level\":30,\"msg\":\"three\"}\n");
    EXPECT_EQ(
        texts({}),
        (Texts{"app: one", "app: [2026-05-01T12:00:02.000Z] error: two", "app:     at main.js:1",
               "app: {\"time\":1777636803000,\"level\":30,\"msg\":\"three\"}", "app: four"}));
    LogQuery grave;
    grave.level = config::LogLevel::error;
    auto reader = Reader::open(sources, grave);
    const auto lines = (*reader)->last();
    ASSERT_EQ(lines.size(), 2U);  // with what follows it
    EXPECT_EQ(lines[0].first, "error");
    EXPECT_EQ(lines[0].second, "all.log");
    EXPECT_EQ(lines[1].text, "    at main.js:1");
}

TEST_F(ReaderTest, TakesLinesApart) {
    file("output.log", at(1, "blue err > half | a"));
    file("lastgood.log",
         "{\"time\":\"2026-05-01T12:00:02.000Z\",\"level\":\"warn\",\"component\":"
         "\"git\",\"text\":\"a \\\"b\\\" \\n\\u0001\"}\n");
    auto reader = Reader::open(sources, {});
    ASSERT_TRUE(reader.ok());
    const auto lines = (*reader)->last();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].first, "blue");
    EXPECT_EQ(lines[0].second, "err");
    EXPECT_FALSE(lines[0].whole);
    EXPECT_EQ(lines[0].text, "half | a");
    EXPECT_EQ(lines[1].first, "warn");
    EXPECT_EQ(lines[1].second, "git");
    EXPECT_EQ(lines[1].text, "a \"b\" \n\x01");
    EXPECT_EQ(format_rfc3339(lines[1].time), "2026-05-01T12:00:02.000Z");
}

TEST_F(ReaderTest, ReachesIntoRotatedAndCompressedPieces) {
    file("output.log.2", at(1, "blue out | 1") + at(2, "blue out | 2"));
    ASSERT_EQ(std::system(("gzip " + dir.file("output.log.2")).c_str()), 0);
    file("output.log.1", at(3, "blue out | 3") + at(4, "blue out | 4"));
    file("output.log", at(5, "blue out | 5"));
    EXPECT_EQ(texts({}), (Texts{"app: 1", "app: 2", "app: 3", "app: 4", "app: 5"}));
    LogQuery query;
    query.lines_max = 4;
    EXPECT_EQ(texts(query), (Texts{"app: 2", "app: 3", "app: 4", "app: 5"}));
}

TEST_F(ReaderTest, FiltersByTimeTextAndLevel) {
    file("output.log",
         at(1, "blue out | apple 1") + at(5, "blue out | pear") + at(6, "blue out | apple 66"));
    file("lastgood.log", at(5, "debug x | apple 2") + at(7, "error x | apple 3"));
    LogQuery query;
    query.since = parse_rfc3339("2026-05-01T12:00:05.000Z");
    EXPECT_EQ(texts(query).size(), 4U);
    query.grep = "^apple [0-9]$";
    EXPECT_EQ(texts(query), (Texts{"lastgood: apple 2", "lastgood: apple 3"}));
    query.level = config::LogLevel::warn;
    EXPECT_EQ(texts(query), Texts{"lastgood: apple 3"});
}

TEST_F(ReaderTest, SearchesInLongLinesWithoutRunningOutOfStack) {
    file("output.log", at(1, "blue out | " + std::string(64'000, 'x') + "needle"));
    LogQuery query;
    query.grep = "needle$";
    EXPECT_EQ(texts(query).size(), 1U);
    query.grep = "^needle";
    EXPECT_EQ(texts(query).size(), 0U);
    query.grep = "^(x|y)*";  // one level of recursion for each character
    EXPECT_EQ(texts(query).size(), 1U);
}

TEST_F(ReaderTest, LinesOfAnAppsOwnFileCountToTheTimeBefore) {
    sources[0] = {"app", dir.file("own.log"), false};
    file("own.log",
         "[2026-05-01T12:00:01.000Z] begun\n  at line 3\n2026-05-01T12:00:05.000Z end\n");
    file("lastgood.log", at(3, "info x | between"));
    EXPECT_EQ(texts({}), (Texts{"app: [2026-05-01T12:00:01.000Z] begun", "app:   at line 3",
                                "lastgood: between", "app: 2026-05-01T12:00:05.000Z end"}));
}

TEST_F(ReaderTest, FollowsWhatIsWrittenAcrossARotation) {
    file("output.log", at(1, "blue out | old"));
    auto reader = Reader::open(sources, {});
    ASSERT_TRUE(reader.ok());
    ASSERT_EQ((*reader)->last().size(), 1U);
    std::thread writing([this] {
        file("output.log",
             at(2, "blue out | before") + "2026-05-01T12:00:03.000Z blue out | in tw");
        file("output.log", "o\n");
        ASSERT_EQ(rename(dir.file("output.log").c_str(), dir.file("output.log.1").c_str()), 0);
        file("output.log", at(4, "blue out | after"));
        file("lastgood.log", at(5, "info x | new file"));
    });
    std::vector<std::string> seen;
    const Instant end = BootClock::now() + Millis{8000};
    (*reader)->follow(
        [&](const LogLine& line) {
            seen.push_back(line.text);
            return seen.size() < 4;
        },
        [&] { return BootClock::now() < end; });
    writing.join();
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, (Texts{"after", "before", "in two", "new file"}));
}

TEST_F(ReaderTest, AFaultyExpressionIsTold) {
    LogQuery query;
    query.grep = "(";
    EXPECT_FALSE(Reader::open(sources, query).ok());
}

}  // namespace
}  // namespace lastgood::logs
