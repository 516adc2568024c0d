#include "lastgood/logs/question.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace lastgood::logs {
namespace {

using Json = nlohmann::json;

class LogsOfTwo : public testing::Test {
  protected:
    LogsOfTwo() {
        write("apps/backend/logs/output.log",
              "2026-05-01T12:00:01.000Z blue out | first\n"
              "2026-05-01T12:00:03.000Z blue err | third\n");
        write("logs/lastgood.log",
              "2026-05-01T12:00:02.000Z info backend | it is live\n"
              "2026-05-01T12:00:02.500Z info worker | another one\n");
    }
    void write(const std::string& name, const std::string& text) {
        const std::string path = folder_ / name;
        ASSERT_TRUE(sys::make_directories(path.substr(0, path.rfind('/'))).ok());
        std::ofstream(path) << text;
    }
    std::vector<LogLine> answers(LogQuestion question) {
        question.sources = sources_of(folder_.path(), {"backend"}, {});
        std::vector<LogLine> lines;
        EXPECT_TRUE(answer(question, [&lines](const LogLine& line) {
                        lines.push_back(line);
                        return true;
                    }).ok());
        return lines;
    }

    test::TempDir folder_;
};

TEST_F(LogsOfTwo, AreAnsweredInOrderOfTime) {
    const auto lines = answers({});
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].text, "first");
    EXPECT_EQ(lines[1].source, kDaemonSource);
    EXPECT_EQ(lines[3].text, "third");
}

TEST_F(LogsOfTwo, LeaveOutWhatIsAboutOthers) {
    LogQuestion question;
    question.about = {"backend"};
    question.query.lines_max = 2;
    const auto lines = answers(question);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].second, "backend");
    EXPECT_EQ(lines[1].text, "third");
}

TEST(LogQuestions, GoToAnotherProcessAsTheyAre) {
    LogQuestion question;
    question.sources = {{"a", "/x/output.log"}, {"a", "/x/own.log", false}};
    question.query.lines_max = 7;
    question.query.grep = "a \"b\" \\d";
    question.query.since = parse_rfc3339("2026-05-01T12:00:00.000Z");
    question.query.level = config::LogLevel::warn;
    question.about = {"a"};
    question.follow = true;
    const auto read = decode_question(encode(question));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(encode(*read), encode(question));
    EXPECT_EQ(read->sources.at(1).path, "/x/own.log");
    EXPECT_FALSE(read->sources.at(1).own);
    EXPECT_EQ(read->query.level, config::LogLevel::warn);
    EXPECT_FALSE(decode_question("{}").ok());
    EXPECT_FALSE(decode_question("nonsense").ok());
}

TEST(LogQuestions, SayTheTimeFromWhichOn) {
    const auto now = *parse_rfc3339("2026-05-01T12:00:00.000Z");
    EXPECT_EQ(parse_since("10m", now), now - std::chrono::minutes(10));
    EXPECT_EQ(parse_since("2026-05-01T11:00:00Z", now), now - std::chrono::hours(1));
    EXPECT_FALSE(parse_since("yesterday", now));
}

TEST(LogLines, AreJsonByTheirSource) {
    LogLine line{"backend", *parse_rfc3339("2026-05-01T12:00:00.000Z"), "blue", "err", true,
                 "<b>\xff"};
    const Json output = Json::parse(line_json(line));
    EXPECT_EQ(output.at("slot"), "blue");
    EXPECT_EQ(output.at("stream"), "err");
    EXPECT_EQ(output.at("text"), "<b>\uFFFD");
    line.source = kDaemonSource;
    EXPECT_EQ(Json::parse(line_json(line)).at("component"), "err");
    line.source = "backend";
    line.second = "own.log";
    EXPECT_EQ(Json::parse(line_json(line)).at("file"), "own.log");
    EXPECT_EQ(Json::parse(line_json(line)).at("level"), "blue");
}

}  // namespace
}  // namespace lastgood::logs
