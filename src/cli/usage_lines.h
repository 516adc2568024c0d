// What an app used in the last day, in two lines.
#pragma once

#include <string>
#include <vector>

#include "cli/answers.h"

namespace lastgood::cli {

// The highest value of each of `columns` equal spans of the day up to `now`, drawn from nothing to
// the day's highest; a space where there is none.
std::string drawn_day(const std::vector<std::pair<WallTime, double>>& values, WallTime now,
                      std::size_t columns);

// "38.2MB, 30.1MB to 55.0MB in the last day ▁▂▇", and the same of the CPU time. `draw`: the
// terminal shows such characters.
std::string memory_line(const AppView& app, const std::vector<SampleView>& day, WallTime now,
                        bool draw);
std::string cpu_line(const AppView& app, const std::vector<SampleView>& day, WallTime now,
                     bool draw);

}  // namespace lastgood::cli
