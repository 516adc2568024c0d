// Waits until a slot that users left has nothing to do any more: its queue is empty and its
// processes hold no connection; or until the time for it is over.
#pragma once

#include <functional>

#include "lastgood/base/sys/event_loop.h"

namespace lastgood::supervise {

class Drain {
  public:
    // `idle` is asked not before `wait_min`, then again and again until `wait_max`. `done` comes
    // once and may destroy this object.
    Drain(sys::EventLoop& loop, Millis wait_min, Millis wait_max, std::function<bool()> idle,
          std::function<void()> done);
    Drain(const Drain&) = delete;
    Drain& operator=(const Drain&) = delete;

  private:
    void look();

    sys::EventLoop& loop_;
    Instant until_;
    Millis pause_{20};
    std::function<bool()> idle_;
    std::function<void()> done_;
    sys::EventLoop::Timer timer_;
};

}  // namespace lastgood::supervise
