// Many seeds, on all cores.
#pragma once

#include <chrono>
#include <map>

#include "sim/threads.h"
#include "sim_fleet/simulation.h"

namespace lastgood::sim_fleet {

struct Report {
    std::uint64_t seeds = 0;
    Counts counts;
    std::map<std::uint64_t, std::string> broken;  // by seed
    std::chrono::milliseconds took{0};
};

Report run_seeds(std::uint64_t from, std::uint64_t count, unsigned jobs);
// The kinds of trouble and the sum: "10,000 seeds, 1,234,567 decisions in 41.0 s (30,111 a second),
// 0 failed".
void print(const Report& report);

}  // namespace lastgood::sim_fleet
