#include "sim/runner.h"

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace lastgood::sim {
Report run_seeds(std::uint64_t from, std::uint64_t count, unsigned jobs) {
    const auto began = std::chrono::steady_clock::now();
    Report report;
    report.seeds = count;
    std::mutex mutex;
    on_threads(jobs, count, [&](std::uint64_t number) {
        Result result = simulate(from + number);
        const std::lock_guard lock(mutex);
        report.counts.add(result.counts);
        if (!result.broken.empty()) report.broken[from + number] = std::move(result.broken);
    });
    report.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    return report;
}

void print(const Report& report) {
    for (std::size_t i = 0; i < kKinds; ++i) {
        std::printf("  %-32s %12s\n", std::string(kKindNames[i]).c_str(),
                    grouped(report.counts.of(static_cast<Kind>(i))).c_str());
    }
    const double seconds = std::max(0.001, static_cast<double>(report.took.count()) / 1000);
    const auto rate =
        static_cast<std::uint64_t>(static_cast<double>(report.counts.steps) / seconds);
    std::printf("%s seeds, %s steps in %.1f s (%s a second), %zu failed\n",
                grouped(report.seeds).c_str(), grouped(report.counts.steps).c_str(), seconds,
                grouped(rate).c_str(), report.broken.size());
}

}  // namespace lastgood::sim
