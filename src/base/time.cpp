#include "lastgood/base/time.h"

#include <charconv>
#include <cstdio>
#include <ctime>

namespace lastgood {
namespace {

constexpr std::int64_t kTenYearsMs = 10LL * 366 * 24 * 3600 * 1000;

// The leading digits of `text`, which are cut off it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end == text.data()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

// Exactly `count` leading digits and what must follow them ('\0': nothing must), cut off `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count, char then) {
    const std::size_t length = count + (then != '\0' ? 1 : 0);
    if (text.size() < length || (then != '\0' && text[count] != then)) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(length);
    return value;
}

// ".123" as milliseconds, cut off `text`; finer digits are dropped. None is zero.
std::optional<Millis> take_fraction(std::string_view& text) {
    if (!text.starts_with('.')) return Millis(0);
    text.remove_prefix(1);
    std::int64_t ms = 0;
    std::int64_t scale = 100;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        ms += (text[digits] - '0') * scale;
        scale /= 10;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    return Millis(ms);
}

// "Z" or "+01:00": how far the zone is ahead of UTC.
std::optional<Millis> zone_offset(std::string_view text) {
    if (text == "Z") return Millis(0);
    if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
    const int sign = text.front() == '+' ? 1 : -1;
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2, ':');
    const auto minutes = take_digits(text, 2, '\0');
    if (!hours || !minutes || *hours > 23 || *minutes > 59 || !text.empty()) return std::nullopt;
    return Millis(sign * (*hours * 60LL + *minutes) * 60'000);
}

}  // namespace

BootClock::time_point BootClock::now() {
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return time_point(Millis(ts.tv_sec * 1000LL + ts.tv_nsec / 1'000'000));
}

WallTime wall_now() {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

std::string format_rfc3339(WallTime time) {
    const std::int64_t ms = time.time_since_epoch().count();
    const std::int64_t rest = ((ms % 1000) + 1000) % 1000;
    const std::time_t seconds = static_cast<std::time_t>((ms - rest) / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                  utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                  static_cast<int>(rest));
    return text;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    const auto year = take_digits(text, 4, '-');
    const auto month = take_digits(text, 2, '-');
    const auto day = take_digits(text, 2, 'T');
    const auto hour = take_digits(text, 2, ':');
    const auto minute = take_digits(text, 2, ':');
    const auto second = take_digits(text, 2, '\0');
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    // 60 is a leap second.
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const auto fraction = take_fraction(text);
    const auto offset = zone_offset(text);
    if (!fraction || !offset) return std::nullopt;
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute) + std::chrono::seconds(*second) + *fraction - *offset;
}

std::optional<Millis> parse_duration(std::string_view text) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    std::int64_t unit_ms = 0;
    if (text == "ms") unit_ms = 1;
    if (text == "s") unit_ms = 1000;
    if (text == "m") unit_ms = 60'000;
    if (text == "h") unit_ms = 3'600'000;
    if (text == "d") unit_ms = 86'400'000;
    if (unit_ms == 0 || *number > static_cast<std::uint64_t>(kTenYearsMs / unit_ms)) {
        return std::nullopt;
    }
    return Millis(static_cast<std::int64_t>(*number) * unit_ms);
}

std::string format_duration(Millis duration) {
    const std::int64_t ms = duration.count();
    char text[64];
    if (ms < 1000) {
        std::snprintf(text, sizeof text, "%lldms", static_cast<long long>(ms));
    } else if (ms < 60'000) {
        std::snprintf(text, sizeof text, "%lld.%llds", static_cast<long long>(ms / 1000),
                      static_cast<long long>(ms % 1000 / 100));
    } else {
        const long long minutes = ms / 60'000;
        if (minutes < 60) {
            std::snprintf(text, sizeof text, "%lldm %llds", minutes,
                          static_cast<long long>(ms / 1000 % 60));
        } else if (minutes < 48 * 60) {
            std::snprintf(text, sizeof text, "%lldh %lldm", minutes / 60, minutes % 60);
        } else {
            std::snprintf(text, sizeof text, "%lldd %lldh", minutes / 1440, minutes / 60 % 24);
        }
    }
    return text;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    int shift = -1;
    if (text.empty() || text == "B") shift = 0;
    if (text == "KB") shift = 10;
    if (text == "MB") shift = 20;
    if (text == "GB") shift = 30;
    if (shift < 0 || *number > (1ULL << 62 >> shift)) return std::nullopt;
    return *number << shift;
}

std::string format_size(std::uint64_t bytes) {
    static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < std::size(kUnits)) {
        value /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 || value >= 100 ? "%.0f%s" : "%.1f%s", value,
                  kUnits[unit]);
    return text;
}

}  // namespace lastgood
