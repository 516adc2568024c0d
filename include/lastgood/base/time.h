// The two clocks. Rules use Instant, which never jumps; records and output use WallTime.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastgood {

using Millis = std::chrono::milliseconds;

// CLOCK_BOOTTIME in milliseconds: goes on in suspend, unmoved by changes of the wall clock. Means
// nothing after a reboot: store durations, and an Instant only beside what outlives no reboot.
struct BootClock {
    using duration = Millis;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
    static time_point now();
};
using Instant = BootClock::time_point;

// UTC wall clock in milliseconds.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Millis>;
WallTime wall_now();

// RFC 3339 in UTC with milliseconds: 2026-05-01T12:00:00.123Z.
std::string format_rfc3339(WallTime time);
std::optional<WallTime> parse_rfc3339(std::string_view text);

// "500ms" "30s" "10m" "2h" "7d"; a whole number and a unit, no sign, no spaces. Nothing if it is
// none of these or more than ten years.
std::optional<Millis> parse_duration(std::string_view text);

// The shortest exact-enough form for people: "80ms", "1.4s", "3m 5s", "2h 10m", "3d 4h".
std::string format_duration(Millis duration);

// "512KB" "10MB" "1GB" "100B" or a bare number of bytes; powers of 1024. Nothing when malformed or
// beyond 2^62.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace lastgood
