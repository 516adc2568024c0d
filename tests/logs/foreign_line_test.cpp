#include "logs/foreign_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace lastgood::logs {
namespace {

using config::LogLevel;

class ForeignLine : public ::testing::Test {
  protected:
    ForeignLine() {
        setenv("TZ", "UTC-2", 1);  // two hours east of Greenwich
        tzset();
    }
    ~ForeignLine() override {
        unsetenv("TZ");
        tzset();
    }
    static std::string time(std::string_view line) {
        const auto mark = read_foreign(line, *parse_rfc3339("2026-05-01T13:00:00Z"));
        return mark.time ? format_rfc3339(*mark.time) : "";
    }
    static std::optional<LogLevel> level(std::string_view line) {
        return read_foreign(line, *parse_rfc3339("2026-05-01T13:00:00Z")).level;
    }
};

TEST_F(ForeignLine, ReadsTheUsualTimes) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {"2026-05-01T12:00:00Z started", "2026-05-01T12:00:00.000Z"},
        {"2026-05-01T12:00:00.123456+02:00 x", "2026-05-01T10:00:00.123Z"},
        {"2026-05-01T12:00:00-0530 x", "2026-05-01T17:30:00.000Z"},
        {"2026-05-01 12:00:00,007 INFO python", "2026-05-01T10:00:00.007Z"},
        {"2026-05-01 12:00:00.5 UTC [12] LOG: postgres", "2026-05-01T12:00:00.500Z"},
        {"[2026-05-01 12:00:00] local.ERROR: laravel", "2026-05-01T10:00:00.000Z"},
        {"[2026-05-01T12:00:00.000Z] error: winston", "2026-05-01T12:00:00.000Z"},
        {"2026/05/01 12:00:00 [error] 7#7: *1 nginx", "2026-05-01T10:00:00.000Z"},
        {"2026/05/01 12:00:00.250000 main.go:7: go", "2026-05-01T10:00:00.250Z"},
        {"May  1 12:00:00 host app[7]: syslog", "2026-05-01T10:00:00.000Z"},
        {"Dec 31 23:59:59 host app[7]: of last year", "2025-12-31T21:59:59.000Z"},
        {"127.0.0.1 - - [01/May/2026:12:00:00 +0200] \"GET / HTTP/1.1\" 200 5",
         "2026-05-01T10:00:00.000Z"},
        {"1013-05-01T12:00:00.123Z a clock that is far off", "1013-05-01T12:00:00.123Z"},
        {"9999-12-31T23:59:59.999Z x", "9999-12-31T23:59:59.999Z"},
        {"12345:M 01 May 2026 12:00:00.123 * Ready", "2026-05-01T10:00:00.123Z"},
        {"01 May 2026 12:00:00 x", "2026-05-01T10:00:00.000Z"},
        {R"({"level":30,"time":1777636800123,"msg":"pino"})", "2026-05-01T12:00:00.123Z"},
        {R"({"level":"info","message":"w","timestamp":"2026-05-01T12:00:00.5Z"})",
         "2026-05-01T12:00:00.500Z"},
        {R"({"ts":1777636800.25,"msg":"zap"})", "2026-05-01T12:00:00.250Z"},
        {R"({"time":1777636800123456789,"msg":"ns"})", "2026-05-01T12:00:00.123Z"},
        {R"({"@timestamp":"2026-05-01T12:00:00Z"})", "2026-05-01T12:00:00.000Z"},
    };
    for (const auto& [line, wanted] : table) EXPECT_EQ(wanted, time(line)) << line;
}

TEST_F(ForeignLine, TakesNothingElseForATime) {
    for (const char* line :
         {"", "    at Object.<anonymous> (/srv/app/index.js:1:1)", "2026-13-01 12:00:00 x",
          "2026-05-01 25:00:00 x", "2026-05-01", "12:00:00 x", "May be 12 things", "[1] 2", "{",
          "{\"time\":null}", "{\"time\":-5}", "{\"time\":\"soon\"}", "[01/May/2026", "[]"}) {
        EXPECT_EQ("", time(line)) << line;
    }
}

TEST_F(ForeignLine, ReadsTheUsualLevels) {
    EXPECT_EQ(LogLevel::error, level("2026-05-01 12:00:00,007 ERROR it broke"));
    EXPECT_EQ(LogLevel::error, level("2026/05/01 12:00:00 [error] 7#7: *1 nginx"));
    EXPECT_EQ(LogLevel::warn, level("2026-05-01T12:00:00Z warn: careful"));
    EXPECT_EQ(LogLevel::warn, level("2026-05-01T12:00:00Z [main] WARN com.example - careful"));
    EXPECT_EQ(LogLevel::http, level("2026-05-01T12:00:00Z http: GET /"));
    EXPECT_EQ(LogLevel::debug, level("DEBUG | nothing of note"));
    EXPECT_EQ(LogLevel::error, level(R"({"level":60,"time":1777636800123})"));
    EXPECT_EQ(LogLevel::info, level(R"({"level":30,"time":1777636800123})"));
    EXPECT_EQ(LogLevel::error, level(R"({"severity":"CRITICAL"})"));
    EXPECT_EQ(std::nullopt, level("2026-05-01T12:00:00Z there was no error at all"));
    EXPECT_EQ(std::nullopt, level("a line of prose"));
}

}  // namespace
}  // namespace lastgood::logs
