#include "supervise/drain.h"

#include <algorithm>

namespace lastgood::supervise {

Drain::Drain(sys::EventLoop& loop, Millis wait_min, Millis wait_max, std::function<bool()> idle,
             std::function<void()> done)
    : loop_(loop),
      until_(BootClock::now() + wait_max),
      idle_(std::move(idle)),
      done_(std::move(done)) {
    timer_ = loop_.after(std::clamp(wait_min, Millis{0}, wait_max), [this] { look(); });
}

void Drain::look() {
    const Millis left = until_ - BootClock::now();
    if (left.count() <= 0 || idle_()) {
        const auto done = std::move(done_);
        return done();
    }
    constexpr Millis kPauseMax{200};  // a look goes through /proc
    timer_ = loop_.after(std::min(pause_, left), [this] { look(); });
    pause_ = std::min(pause_ * 2, kPauseMax);
}

}  // namespace lastgood::supervise
