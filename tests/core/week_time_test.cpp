#include "lastgood/core/week_time.h"

#include <gtest/gtest.h>

namespace lastgood::core {
namespace {

using namespace std::chrono_literals;

constexpr int kSunday = 0;
constexpr int kMonday = 1;
constexpr int kSaturday = 6;

WallReading at(int weekday, int hour, int minute, int second = 0) {
    return {weekday, (hour * 60 + minute) * 60 + second};
}

TEST(WeekTime, ReadsDaysAndHour) {
    EXPECT_EQ((WeekTime{0x01, 240}), parse_week_time("Sun 04:00"));
    EXPECT_EQ((WeekTime{0x3e, 23 * 60 + 59}), parse_week_time("mon-FRI 23:59"));
    EXPECT_EQ((WeekTime{0x41, 0}), parse_week_time("Sat,Sun 00:00"));
    EXPECT_EQ((WeekTime{0x41 | 0x02, 300}), parse_week_time("Sat-Mon 05:00"));
    EXPECT_EQ((WeekTime{0x7f, 270}), parse_week_time("04:30"));
}

TEST(WeekTime, RefusesTheRest) {
    for (const char* text : {"", "Sun", "Sun 4:00", "Sun 24:00", "Sun 04:60", "Sunday 04:00",
                             "Sun- 04:00", "Sun,,Mon 04:00", ", 04:00", "Sun 04:00:00", "04.00",
                             "0:400", "24h", " 04:00", "o4:00", "04::0", "04:0:"}) {
        EXPECT_FALSE(parse_week_time(text)) << text;
    }
}

TEST(WeekTime, TellsHowLongUntilItComes) {
    const WeekTime sunday = *parse_week_time("Sun 04:00");
    EXPECT_EQ(until(sunday, at(kSunday, 3, 59, 30)), 30s);
    EXPECT_EQ(until(sunday, at(kSaturday, 4, 0)), 24h);
    EXPECT_EQ(until(sunday, at(kMonday, 4, 0)), 6 * 24h);
    // At the very second it has come, and the next one is meant.
    EXPECT_EQ(until(sunday, at(kSunday, 4, 0)), 7 * 24h);
    EXPECT_EQ(until(*parse_week_time("04:00"), at(kSunday, 4, 0, 1)), 24h - 1s);
    EXPECT_EQ(until(*parse_week_time("Mon-Fri 01:00"), at(kSaturday, 0, 0)), 49h);
}

}  // namespace
}  // namespace lastgood::core
