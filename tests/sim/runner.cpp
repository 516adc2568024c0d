#include "sim/runner.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

namespace lastgood::sim {
namespace {

std::string grouped(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

}  // namespace

unsigned cores() {
    return std::max(1U, std::thread::hardware_concurrency());
}

void on_threads(unsigned jobs, std::uint64_t count,
                const std::function<void(std::uint64_t)>& work) {
    std::atomic<std::uint64_t> next = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < jobs; ++i) {
        threads.emplace_back([&] {
            for (auto taken = next++; taken < count; taken = next++) work(taken);
        });
    }
    for (auto& thread : threads) thread.join();
}

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
