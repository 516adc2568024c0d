// Work on all cores, and numbers for people; of every simulation.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace lastgood::sim {

inline unsigned cores() {
    return std::max(1U, std::thread::hardware_concurrency());
}

// Calls work(0) to work(count - 1) on so many threads.
inline void on_threads(unsigned jobs, std::uint64_t count,
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

// "1,234,567"
inline std::string grouped(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

}  // namespace lastgood::sim
