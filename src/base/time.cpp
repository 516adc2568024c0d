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
    const std::string copy(text);
    std::tm utc{};
    int consumed = 0;
    if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon,  // NOLINT
                    &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &consumed) != 6) {
        return std::nullopt;
    }
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    std::int64_t ms = static_cast<std::int64_t>(timegm(&utc)) * 1000;
    std::string_view rest = std::string_view(copy).substr(static_cast<std::size_t>(consumed));
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        std::int64_t scale = 100;
        while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
            ms += (rest.front() - '0') * scale;
            scale /= 10;
            rest.remove_prefix(1);
        }
    }
    if (rest == "Z") return WallTime(Millis(ms));
    int hours = 0;
    int minutes = 0;
    char sign = 0;
    const std::string zone(rest);
    if (std::sscanf(zone.c_str(), "%c%2d:%2d", &sign, &hours, &minutes) != 3 ||  // NOLINT
        (sign != '+' && sign != '-')) {
        return std::nullopt;
    }
    const std::int64_t offset = (hours * 60LL + minutes) * 60'000;
    return WallTime(Millis(sign == '+' ? ms - offset : ms + offset));
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
