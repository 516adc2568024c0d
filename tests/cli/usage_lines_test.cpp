#include "cli/usage_lines.h"

#include <gtest/gtest.h>

namespace lastgood::cli {
namespace {

const WallTime kNow = *parse_rfc3339("2026-05-10T12:00:00.000Z");

TEST(UsageLines, DrawTheDayByItsHighestValues) {
    using namespace std::chrono_literals;
    EXPECT_EQ("    ", drawn_day({}, kNow, 4));
    EXPECT_EQ("▁ █▅",
              drawn_day({{kNow - 23h, 0}, {kNow - 11h, 3}, {kNow - 10h, 8}, {kNow, 4.4}}, kNow, 4));
    EXPECT_EQ("   ▁", drawn_day({{kNow - 25h, 9}, {kNow, 0}, {kNow + 1h, 9}}, kNow, 4));
}

TEST(UsageLines, SayWhatIsNowAndWhatWas) {
    using namespace std::chrono_literals;
    AppView app;
    EXPECT_EQ("-", memory_line(app, {}, kNow, true));
    EXPECT_EQ("-", cpu_line(app, {}, kNow, true));
    app.pid = 7;
    app.processes = 1;
    app.memory_bytes = 40 << 20;
    app.cpu_percent = 1.5;
    const std::vector<SampleView> day{{kNow - 2h, 30 << 20, 35}, {kNow - 1h, 50 << 20, 0.2}};
    EXPECT_EQ("40.0MB, 30.0MB to 50.0MB in the last day", memory_line(app, day, kNow, false));
    EXPECT_EQ("1.5%, up to 35.0% in the last day", cpu_line(app, day, kNow, false));
    EXPECT_TRUE(memory_line(app, day, kNow, true).ends_with("▅█"));
}

}  // namespace
}  // namespace lastgood::cli
