#include "lastgood/core/week_time.h"

#include <algorithm>
#include <array>
#include <string>

#include "lastgood/base/assert.h"
#include "lastgood/base/strings.h"

namespace lastgood::core {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr int kDaySeconds = 24 * 60 * 60;

std::optional<int> parse_day(std::string_view text) {
    const auto found = std::find(kDays.begin(), kDays.end(), to_lower(text));
    if (found == kDays.end()) return std::nullopt;
    return static_cast<int>(found - kDays.begin());
}

// "Sun", or "Mon-Fri"; over the weekend, too: "Sat-Mon".
bool add_days(std::string_view text, std::uint8_t& days) {
    const auto dash = text.find('-');
    const auto first = parse_day(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_day(text.substr(dash + 1));
    if (!first || !last) return false;
    for (int day = *first;; day = (day + 1) % 7) {
        days = static_cast<std::uint8_t>(days | (1U << day));
        if (day == *last) return true;
    }
}

std::optional<int> parse_minute(std::string_view text) {
    const auto digit = [&text](std::size_t at) { return text[at] - '0'; };
    const bool shaped = text.size() == 5 && text[2] == ':' &&
                        text.find_first_not_of("0123456789:") == std::string_view::npos &&
                        text.find(':', 3) == std::string_view::npos;
    if (!shaped) return std::nullopt;
    const int hour = digit(0) * 10 + digit(1);
    const int minute = digit(3) * 10 + digit(4);
    if (hour > 23 || minute > 59) return std::nullopt;
    return hour * 60 + minute;
}

}  // namespace

std::optional<WeekTime> parse_week_time(std::string_view text) {
    WeekTime hour;
    const auto space = text.rfind(' ');
    const auto minute =
        parse_minute(space == std::string_view::npos ? text : text.substr(space + 1));
    if (!minute) return std::nullopt;
    hour.minute = *minute;
    if (space == std::string_view::npos) {
        hour.days = 0x7f;
        return hour;
    }
    for (const std::string& days : split(std::string(trim(text.substr(0, space))), ',')) {
        if (!add_days(trim(days), hour.days)) return std::nullopt;
    }
    return hour;
}

Millis until(const WeekTime& hour, const WallReading& now) {
    LG_ASSERT(hour.days != 0);
    for (int days = 0;; ++days) {
        const int seconds = days * kDaySeconds + hour.minute * 60 - now.second;
        const bool day_fits = (hour.days >> ((now.weekday + days) % 7) & 1U) != 0;
        if (day_fits && seconds > 0) return std::chrono::seconds(seconds);
    }
}

}  // namespace lastgood::core
