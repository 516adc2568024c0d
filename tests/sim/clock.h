// Virtual time: tasks in order of their hour, and nothing ever waits.
//
// What the engine is told as now is a clock of its own, as the boot clock is one: it may jump ahead
// (the machine slept: all that was due happens at once, late), stand at another value after a
// reboot, and for the worst case go back while it is watched.
#pragma once

#include <algorithm>
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
    [[nodiscard]] Instant told() const { return now_ + told_ahead_; }
    // All jumps ahead so far.
    [[nodiscard]] Millis slept() const { return slept_; }
    [[nodiscard]] int times_set_back() const { return times_set_back_; }

    void sleep(Millis time) {
        now_ += time;
        slept_ += time;
    }
    void set_back(Millis by) {
        told_ahead_ -= by;
        ++times_set_back_;
    }
    // After a reboot the boot clock begins anew.
    void reboot(Millis up) { told_ahead_ = Instant(up) - now_; }

    void after(Millis delay, Task task) {
        tasks_.emplace(std::pair(now_ + delay, ++made_), std::move(task));
    }
    // Runs the next task that is due by `until`; false: there is none, and it is `until` now.
    bool run_one(Instant until) {
        if (tasks_.empty() || tasks_.begin()->first.first > until) {
            now_ = std::max(now_, until);
            return false;
        }
        auto next = tasks_.extract(tasks_.begin());
        now_ = std::max(now_, next.key().first);
        next.mapped()();
        return true;
    }

  private:
    Instant now_{Millis(1'000'000)};
    Millis told_ahead_{0};
    Millis slept_{0};
    int times_set_back_ = 0;
    std::uint64_t made_ = 0;
    std::map<std::pair<Instant, std::uint64_t>, Task> tasks_;
};

}  // namespace lastgood::sim
