#include "lastgood/logs/daemon_log.h"

#include "process/world.h"

namespace lastgood::logs {
namespace {

using config::LogFormat;
using config::LogLevel;

class DaemonLogTest : public test::World {
  protected:
    std::string lines(const std::string& name = "lastgood.log") {
        return test::read_all(dir.file("logs/" + name));
    }
    config::Log settings;
};

TEST_F(DaemonLogTest, WritesTimeLevelComponentAndText) {
    Log log(settings, dir.file("logs"), &reaper, false);
    log.info("engine", "deployment 7 of backend: switched to blue");
    const std::string text = lines();
    ASSERT_GT(text.size(), 24U);
    EXPECT_TRUE(parse_rfc3339(text.substr(0, 24)).has_value()) << text;
    EXPECT_EQ(text.substr(24), " info engine | deployment 7 of backend: switched to blue\n");
}

TEST_F(DaemonLogTest, ErrorsAreInAFileOfTheirOwnToo) {
    Log log(settings, dir.file("logs"), &reaper, false);
    log.warn("git", "slow");
    log.error("git", "broken");
    EXPECT_NE(lines().find("slow"), std::string::npos);
    EXPECT_NE(lines().find("broken"), std::string::npos);
    EXPECT_EQ(lines("error.log").find("slow"), std::string::npos);
    EXPECT_NE(lines("error.log").find(" error git | broken\n"), std::string::npos);
}

TEST_F(DaemonLogTest, LevelsAreInOrderErrorWarnInfoHttpDebug) {
    const LogLevel all[] = {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::http,
                            LogLevel::debug};
    for (const LogLevel level : all) {
        settings.level = level;
        Log log(settings, "", nullptr, false);
        for (const LogLevel asked : all) EXPECT_EQ(log.wants(asked), asked <= level);
    }
    settings.level = LogLevel::http;
    Log log(settings, dir.file("logs"), &reaper, false);
    log.http("receiver", "POST /hooks/a 202");
    log.debug("receiver", "unseen");
    EXPECT_TRUE(lines().ends_with(" http receiver | POST /hooks/a 202\n")) << lines();
}

TEST_F(DaemonLogTest, TextFromOutsideCantMakeALineOfItsOwn) {
    Log log(settings, dir.file("logs"), &reaper, false);
    log.info("forge", "ref a\n2026-05-01T12:00:00.123Z error x | forged\x1b[31m");
    const std::string text = lines();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_NE(text.find("\\n2026"), std::string::npos) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(DaemonLogTest, JsonIsReallyEscaped) {
    settings.format = LogFormat::json;
    Log log(settings, dir.file("logs"), &reaper, false);
    log.info("forge", "say \"hi\" \\ \n\x01\xff {} %v");
    const std::string text = lines();
    EXPECT_EQ(
        text.substr(text.find(",\"level\"")),
        ",\"level\":\"info\",\"component\":\"forge\",\"text\":\"say \\\"hi\\\" \\\\ \\n\\u0001"
        "\xef\xbf\xbd {} %v\"}\n");
}

TEST_F(DaemonLogTest, RotatesAndCompresses) {
    settings.max_size = 2000;
    settings.keep = 3;
    Log log(settings, dir.file("logs"), &reaper, false);
    for (int i = 0; i < 200; ++i) log.info("engine", "line " + std::to_string(i));
    EXPECT_TRUE(until([&] { return sys::exists(dir.file("logs/lastgood.log.2.gz")); }));
    EXPECT_TRUE(lines().ends_with("line 199\n"));
    EXPECT_LE(lines().size(), 2000U);
}

}  // namespace
}  // namespace lastgood::logs
