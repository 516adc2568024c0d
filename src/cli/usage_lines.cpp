#include "cli/usage_lines.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

constexpr std::array kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::size_t kColumns = 24;

using Values = std::vector<std::pair<WallTime, double>>;

template <typename Of>
Values values_of(const std::vector<SampleView>& day, Of of) {
    Values values;
    for (const SampleView& sample : day) {
        if (sample.at) values.emplace_back(*sample.at, of(sample));
    }
    return values;
}

std::string with_day(const std::string& now_text, const std::string& range, const Values& values,
                     WallTime now, bool draw) {
    std::string text = now_text;
    if (!range.empty()) text += ", " + range + " in the last day";
    if (draw && !values.empty()) text += "  " + drawn_day(values, now, kColumns);
    return text;
}

std::string percent(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f%%", value);
    return text;
}

bool less_value(const Values::value_type& a, const Values::value_type& b) {
    return a.second < b.second;
}

}  // namespace

std::string drawn_day(const Values& values, WallTime now, std::size_t columns) {
    const WallTime begin = now - limits::kSamplesKept;
    std::vector<double> highest(columns, -1);
    double top = 0;
    for (const auto& [at, value] : values) {
        if (at < begin || at > now) continue;
        const auto passed = static_cast<std::size_t>((at - begin).count());
        const auto whole = static_cast<std::size_t>(limits::kSamplesKept.count());
        double& place = highest[std::min(columns - 1, passed * columns / whole)];
        place = std::max(place, value);
        top = std::max(top, value);
    }
    std::string drawn;
    for (const double value : highest) {
        const double part = top > 0 ? value / top : 0;
        const auto height = static_cast<std::size_t>(part * (kHeights.size() - 1) + 0.5);
        drawn += value < 0 ? " " : kHeights[std::min(height, kHeights.size() - 1)];
    }
    return drawn;
}

std::string memory_line(const AppView& app, const std::vector<SampleView>& day, WallTime now,
                        bool draw) {
    const Values values = values_of(
        day, [](const SampleView& sample) { return static_cast<double>(sample.memory_bytes); });
    std::string range;
    if (!values.empty()) {
        const auto [low, high] = std::minmax_element(values.begin(), values.end(), less_value);
        const auto size = [](double bytes) {
            return format_size(static_cast<std::uint64_t>(bytes));
        };
        range = size(low->second) + " to " + size(high->second);
    }
    return with_day(app.pid == 0 ? "-" : format_size(app.memory_bytes), range, values, now, draw);
}

std::string cpu_line(const AppView& app, const std::vector<SampleView>& day, WallTime now,
                     bool draw) {
    const Values values =
        values_of(day, [](const SampleView& sample) { return sample.cpu_percent; });
    std::string range;
    if (!values.empty()) {
        range =
            "up to " + percent(std::max_element(values.begin(), values.end(), less_value)->second);
    }
    return with_day(app.processes == 0 ? "-" : percent(app.cpu_percent), range, values, now, draw);
}

}  // namespace lastgood::cli
