// One lease in etcd: got, kept alive, and known to be held or not. On the loop's thread.
//
// It is surely held until the time that it was last kept, plus its length, counted from before etcd
// was asked, and a tenth less, for clocks that don't run alike: whoever relies on it stops then by
// itself, whatever etcd thinks.
#pragma once

#include <functional>
#include <memory>

#include "fleet/caller.h"

namespace lastgood::fleet {

class Lease {
  public:
    struct Callbacks {
        std::function<void()> on_held;  // got, anew or for the first time
        std::function<void()> on_lost;  // etcd says that it is over; another is asked for
        std::function<void(const Failure&)> on_trouble;  // it could not be kept just now
        std::function<void(Millis took)> on_kept = {};
    };

    // `number`: of a lease that may still be alive, from an earlier life; 0: none. `salt` makes the
    // numbers of new ones. The caller outlives this.
    Lease(sys::EventLoop& loop, Caller& caller, Millis ttl, Millis every, LeaseId number,
          std::uint64_t salt, Callbacks callbacks);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    [[nodiscard]] LeaseId id() const { return id_; }
    // 0: never so far.
    [[nodiscard]] Instant held_until() const { return held_until_; }
    [[nodiscard]] bool held(Instant now) const { return now < held_until_; }
    // Given back; nothing is called any more. What waits for it is not told.
    void revoke();

  private:
    void ask();
    void answered(Instant asked_at, bool granting, Result<LeaseAnswer> result);
    void new_number();

    sys::EventLoop& loop_;
    Caller& caller_;
    const Millis ttl_;
    const Millis every_;
    const Callbacks callbacks_;
    std::uint64_t salt_;
    LeaseId id_ = 0;
    bool granted_ = false;
    bool revoked_ = false;
    int failures_ = 0;
    Instant held_until_{};
    sys::EventLoop::Timer timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::fleet
