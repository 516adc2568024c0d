#include "lastgood/process/tree_end.h"

#include <signal.h>

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::process {
TreeEnd::TreeEnd(sys::EventLoop& loop, ProcessTree tree, Manner manner, Done done)
    : loop_(loop),
      tree_(std::move(tree)),
      manner_(manner),
      done_(std::move(done)),
      begun_(BootClock::now()) {
    if (manner_.grace.count() > 0) tree_.signal_all(manner_.signal);
    look();
}

void TreeEnd::look() {
    const Look seen = tree_.look();
    const Millis passed = BootClock::now() - begun_;
    const bool uncertain = seen.uncertain && passed < manner_.grace + kUncertainMax;
    if (seen.members.empty() && !uncertain) {
        // Who was seen may have had a child while we looked: the second look in a row finds it.
        if (!seen_any_) return finish(true);
        seen_any_ = false;
    } else if (!seen.members.empty()) {
        seen_any_ = true;
        if (passed >= manner_.grace) tree_.signal_all(SIGKILL);
    }
    if (passed >= manner_.grace + limits::kKillConfirmMax) return finish(false);
    constexpr Millis kPauseMax{50};
    timer_ = loop_.after(pause_, [this] { look(); });
    pause_ = std::min(pause_ * 2, kPauseMax);
}

void TreeEnd::finish(bool nothing_left) {
    if (nothing_left) tree_.forget();
    loop_.defer([this, nothing_left, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        const Done done = std::move(done_);  // it may destroy this object
        done(nothing_left);
    });
}

void end_leftovers(sys::EventLoop& loop, Leftover left, TreeEnd::Manner manner,
                   TreeEnd::Done done) {
    // Only the start time proves that the pid is still the one that was stored.
    if (left.start_time == 0 || sys::process_start_time(left.pid) != left.start_time) left.pid = 0;
    ProcessTree tree(left.pid, left.start_time, std::move(left.token), std::move(left.group));
    auto holder = std::make_shared<std::unique_ptr<TreeEnd>>();
    *holder = std::make_unique<TreeEnd>(loop, std::move(tree), manner,
                                        [holder, done = std::move(done)](bool nothing_left) {
                                            holder->reset();
                                            done(nothing_left);
                                        });
}

}  // namespace lastgood::process
