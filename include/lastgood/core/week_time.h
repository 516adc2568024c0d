// An hour that comes again each week, or on some of its days: "Sun 04:00", "Mon-Fri 03:30",
// "Sat,Sun 05:00", "04:00" (every day). As written in restart.every; local time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lastgood/base/time.h"

namespace lastgood::core {

struct WeekTime {
    std::uint8_t days = 0;  // bit 0 is Sunday, as tm_wday counts
    int minute = 0;         // of the day
    bool operator==(const WeekTime&) const = default;
};

// Nothing for what is none.
std::optional<WeekTime> parse_week_time(std::string_view text);

// On a clock on the wall.
struct WallReading {
    int weekday = 0;  // 0 is Sunday
    int second = 0;   // of the day
};

// How long until the clock shows the hour next: more than nothing, a week at most. Days are taken
// as 24 h: ask again nearer to it, and the turn to summer time is followed.
Millis until(const WeekTime& hour, const WallReading& now);

}  // namespace lastgood::core
