#include "logs/foreign_line.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "lastgood/base/strings.h"

namespace lastgood::logs {
namespace {

using config::LogLevel;
using std::chrono::system_clock;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

// Reads a line from its begin; each step says whether it was there.
class Scan {
  public:
    explicit Scan(std::string_view text) : text_(text) {}

    [[nodiscard]] std::string_view rest() const { return text_; }

    bool skip(char c) {
        if (!text_.starts_with(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool skip_any(std::string_view of) {
        return !text_.empty() && of.find(text_.front()) != std::string_view::npos &&
               skip(text_.front());
    }
    // So many digits, or from `min` to `max` of them.
    bool number(int& into, std::size_t max, std::size_t min = 0) {
        std::size_t count = 0;
        int value = 0;
        while (count < max && count < text_.size() && text_[count] >= '0' && text_[count] <= '9') {
            value = value * 10 + (text_[count++] - '0');
        }
        if (count < (min == 0 ? max : min)) return false;
        text_.remove_prefix(count);
        into = value;
        return true;
    }
    bool month(int& into) {
        const auto found = std::find(kMonths.begin(), kMonths.end(), to_lower(text_.substr(0, 3)));
        if (found == kMonths.end()) return false;
        text_.remove_prefix(3);
        into = static_cast<int>(found - kMonths.begin());
        return true;
    }

  private:
    std::string_view text_;
};

struct Moment {
    std::tm civil{};
    Millis fraction{0};
    std::optional<int> zone_minutes{};  // none: local
};

bool read_clock(Scan& scan, Moment& moment) {
    std::tm& civil = moment.civil;
    const bool there = scan.number(civil.tm_hour, 2) && scan.skip(':') &&
                       scan.number(civil.tm_min, 2) && scan.skip(':') &&
                       scan.number(civil.tm_sec, 2);
    if (!there || civil.tm_hour > 23 || civil.tm_min > 59 || civil.tm_sec > 60) return false;
    Scan after = scan;
    int digit = 0;
    if (!after.skip_any(".,") || !after.number(digit, 1)) return true;
    int millis = 0;
    for (int unit = 100;; unit /= 10) {
        millis += digit * unit;  // below a millisecond they count for nothing
        if (!after.number(digit, 1)) break;
    }
    moment.fraction = Millis(millis);
    scan = after;
    return true;
}

void read_zone(Scan& scan, Moment& moment) {
    Scan after = scan;
    (void)after.skip(' ');
    if (after.skip('Z') || after.rest().starts_with("UTC") || after.rest().starts_with("GMT")) {
        moment.zone_minutes = 0;
        scan = after;
        return;
    }
    const bool east = after.rest().starts_with('+');
    int hours = 0;
    int minutes = 0;
    if (!after.skip_any("+-") || !after.number(hours, 2)) return;
    (void)after.skip(':');
    if (!after.number(minutes, 2)) return;
    moment.zone_minutes = (east ? 1 : -1) * (hours * 60 + minutes);
    scan = after;
}

bool is_date(const std::tm& civil) {
    return civil.tm_mon >= 0 && civil.tm_mon < 12 && civil.tm_mday >= 1 && civil.tm_mday <= 31;
}

std::optional<WallTime> time_of(const Moment& moment) {
    if (!is_date(moment.civil)) return std::nullopt;
    std::tm civil = moment.civil;
    civil.tm_isdst = -1;
    const std::time_t seconds =
        moment.zone_minutes ? timegm(&civil) - *moment.zone_minutes * 60 : mktime(&civil);
    // Not by way of the system's clock: its nanoseconds know the years 1678 to 2262 alone.
    return WallTime(std::chrono::seconds(seconds)) + moment.fraction;
}

// 2026-05-01T12:00:00.123Z, 2026-05-01 12:00:00,123, 2026/05/01 12:00:00
bool read_iso(Scan& scan, Moment& moment) {
    std::tm& civil = moment.civil;
    const bool there = scan.number(civil.tm_year, 4) && scan.skip_any("-/") &&
                       scan.number(civil.tm_mon, 2) && scan.skip_any("-/") &&
                       scan.number(civil.tm_mday, 2) && scan.skip_any("T ");
    if (!there || !read_clock(scan, moment)) return false;
    civil.tm_year -= 1900;
    civil.tm_mon -= 1;
    read_zone(scan, moment);
    return true;
}

// 01 May 2026 12:00:00.123, 01/May/2026:12:00:00 +0200
bool read_day_first(Scan& scan, Moment& moment) {
    std::tm& civil = moment.civil;
    const bool there = scan.number(civil.tm_mday, 2, 1) && scan.skip_any(" /") &&
                       scan.month(civil.tm_mon) && scan.skip_any(" /") &&
                       scan.number(civil.tm_year, 4) && scan.skip_any(" :");
    if (!there || !read_clock(scan, moment)) return false;
    civil.tm_year -= 1900;
    read_zone(scan, moment);
    return true;
}

// May  1 12:00:00
bool read_syslog(Scan& scan, Moment& moment, WallTime now) {
    std::tm& civil = moment.civil;
    if (!scan.month(civil.tm_mon) || !scan.skip(' ')) return false;
    (void)scan.skip(' ');
    if (!scan.number(civil.tm_mday, 2, 1) || !scan.skip(' ') || !read_clock(scan, moment)) {
        return false;
    }
    const std::time_t seconds = system_clock::to_time_t(now);
    std::tm today{};
    localtime_r(&seconds, &today);
    civil.tm_year = today.tm_year;
    // Clocks of others may be a little ahead.
    const auto time = time_of(moment);
    if (time && *time > now + std::chrono::hours(24)) --civil.tm_year;
    return true;
}

template <typename Read>
std::optional<WallTime> try_read(Scan& scan, Read read) {
    Scan after = scan;
    Moment moment;
    if (!read(after, moment)) return std::nullopt;
    const auto time = time_of(moment);
    if (time) scan = after;
    return time;
}

// At the begin of the text; the scan then stands behind it.
std::optional<WallTime> read_time(Scan& scan, WallTime now) {
    if (const auto time = try_read(scan, read_iso)) return time;
    if (const auto time = try_read(scan, read_day_first)) return time;
    return try_read(scan, [now](Scan& at, Moment& moment) { return read_syslog(at, moment, now); });
}

std::optional<LogLevel> level_of(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, LogLevel>, 18> kWords = {{
        {"error", LogLevel::error},
        {"err", LogLevel::error},
        {"crit", LogLevel::error},
        {"critical", LogLevel::error},
        {"fatal", LogLevel::error},
        {"alert", LogLevel::error},
        {"emerg", LogLevel::error},
        {"panic", LogLevel::error},
        {"severe", LogLevel::error},
        {"warn", LogLevel::warn},
        {"warning", LogLevel::warn},
        {"info", LogLevel::info},
        {"notice", LogLevel::info},
        {"http", LogLevel::http},
        {"debug", LogLevel::debug},
        {"trace", LogLevel::debug},
        {"verbose", LogLevel::debug},
        {"silly", LogLevel::debug},
    }};
    const std::string lowered = to_lower(word);
    for (const auto& [name, level] : kWords) {
        if (name == lowered) return level;
    }
    return std::nullopt;
}

// The first word after the time, or one in brackets or capitals among the first few: prose may
// hold any of them.
std::optional<LogLevel> level_in(std::string_view rest) {
    constexpr int kWordsMax = 4;
    for (int i = 0; i < kWordsMax; ++i) {
        rest = rest.substr(std::min(rest.find_first_not_of(" \t-|]"), rest.size()));
        const auto end = std::min(rest.find_first_of(" \t|"), rest.size());
        const std::string_view word = rest.substr(0, end);
        rest.remove_prefix(end);
        const auto from = word.find_first_not_of("[(<");
        if (from == std::string_view::npos) continue;
        const auto to = word.find_first_of("])>:,", from);
        const std::string_view bare = word.substr(from, to - from);
        const bool marked =
            from > 0 || bare.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
        if (i > 0 && !marked) continue;
        if (const auto level = level_of(bare)) return level;
    }
    return std::nullopt;
}

std::optional<WallTime> since_1970(double number) {
    if (!std::isfinite(number) || number <= 0) return std::nullopt;
    constexpr double kSecondsMax = 1e11;  // about the year 5000
    double millis = number * 1000;
    while (millis > kSecondsMax * 1000) millis /= 1000;
    return WallTime(Millis(static_cast<std::int64_t>(millis)));
}

std::optional<LogLevel> json_level(const nlohmann::json& value) {
    if (value.is_string()) return level_of(value.get_ref<const std::string&>());
    if (!value.is_number()) return std::nullopt;
    const double number = value.get<double>();  // as pino counts
    if (number >= 50) return LogLevel::error;
    if (number >= 40) return LogLevel::warn;
    return number >= 30 ? LogLevel::info : LogLevel::debug;
}

ForeignMark read_json(std::string_view line, WallTime now) {
    ForeignMark mark;
    const auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    if (!json.is_object()) return mark;
    for (const char* name : {"time", "timestamp", "ts", "@timestamp", "date"}) {
        const auto found = json.find(name);
        if (found == json.end()) continue;
        if (found->is_number()) mark.time = since_1970(found->get<double>());
        if (found->is_string()) {
            Scan scan(found->get_ref<const std::string&>());
            mark.time = read_time(scan, now);
        }
        if (mark.time) break;
    }
    for (const char* name : {"level", "severity", "lvl", "loglevel"}) {
        const auto found = json.find(name);
        if (found != json.end()) mark.level = json_level(*found);
        if (mark.level) break;
    }
    return mark;
}

// "1.2.3.4 - - [01/May/2026:12:00:00 +0200] …", "[2026-05-01 12:00:00] …"
std::optional<WallTime> time_in_brackets(std::string_view& line, WallTime now) {
    constexpr std::size_t kLookMax = 200;
    const auto open = line.substr(0, kLookMax).find('[');
    if (open == std::string_view::npos) return std::nullopt;
    Scan scan(line.substr(open + 1));
    const auto time = read_time(scan, now);
    if (time) line = scan.rest();
    return time;
}

// "12345:M 01 May 2026 12:00:00.123 * …"
std::optional<WallTime> time_after_word(std::string_view& line) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    Scan scan(line.substr(space + 1));
    const auto time = try_read(scan, read_day_first);
    if (time) line = scan.rest();
    return time;
}

}  // namespace

ForeignMark read_foreign(std::string_view line, WallTime now) {
    if (line.starts_with('{')) return read_json(line, now);
    ForeignMark mark;
    Scan scan(line);
    mark.time = read_time(scan, now);
    std::string_view rest = scan.rest();
    if (!mark.time) mark.time = time_in_brackets(rest, now);
    if (!mark.time) mark.time = time_after_word(rest);
    mark.level = level_in(rest);
    return mark;
}

}  // namespace lastgood::logs
