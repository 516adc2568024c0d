// Virtual time: tasks in order of their hour, and nothing ever waits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "lastgood/base/time.h"

namespace lastgood::sim {

class Clock {
  public:
    using Task = std::function<void()>;

    [[nodiscard]] Instant now() const { return now_; }
    void after(Millis delay, Task task) {
        tasks_.emplace(std::pair(now_ + delay, ++made_), std::move(task));
    }
    // Runs the next task that is due by `until`; false: there is none, and it is `until` now.
    bool run_one(Instant until) {
        if (tasks_.empty() || tasks_.begin()->first.first > until) {
            now_ = until;
            return false;
        }
        auto next = tasks_.extract(tasks_.begin());
        now_ = next.key().first;
        next.mapped()();
        return true;
    }

  private:
    Instant now_{Millis(1'000'000)};
    std::uint64_t made_ = 0;
    std::map<std::pair<Instant, std::uint64_t>, Task> tasks_;
};

}  // namespace lastgood::sim
