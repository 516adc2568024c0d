#include "fleet/lease.h"

#include <algorithm>

#include "lastgood/base/random.h"
#include "lastgood/core/backoff.h"

namespace lastgood::fleet {

Lease::Lease(sys::EventLoop& loop, Caller& caller, Millis ttl, Millis every, LeaseId number,
             std::uint64_t salt, Callbacks callbacks)
    : loop_(loop),
      caller_(caller),
      ttl_(ttl),
      every_(every),
      callbacks_(std::move(callbacks)),
      salt_(salt),
      id_(number),
      granted_(number != 0) {
    if (id_ == 0) new_number();
    timer_ = loop_.after(Millis(0), [this] { ask(); });
}

// Of 2^62: nobody else's.
void Lease::new_number() {
    id_ = static_cast<LeaseId>(Random(++salt_).next() >> 2U);
    id_ = std::max<LeaseId>(id_, 1);
    granted_ = false;
}

void Lease::ask() {
    const Instant asked_at = BootClock::now();
    const bool granting = !granted_;
    caller_.ask<LeaseAnswer>(
        [id = id_, ttl = ttl_, granting](Etcd& etcd) {
            return granting ? etcd.grant(id, ttl) : etcd.keep_alive(id);
        },
        [alive = std::weak_ptr(alive_), this, asked_at, granting](Result<LeaseAnswer> result) {
            if (alive.lock() && !revoked_) answered(asked_at, granting, std::move(result));
        });
}

void Lease::answered(Instant asked_at, bool granting, Result<LeaseAnswer> result) {
    const auto* answer = std::get_if<LeaseAnswer>(&result);
    if (answer == nullptr) {
        ++failures_;
        timer_ =
            loop_.after(core::etcd_retry_delay(failures_, salt_ + failures_), [this] { ask(); });
        callbacks_.on_trouble(std::get<Failure>(result));
        return;
    }
    failures_ = 0;
    if (answer->ttl == Millis(0)) {
        held_until_ = {};
        new_number();
        timer_ = loop_.after(Millis(0), [this] { ask(); });
        callbacks_.on_lost();
        return;
    }
    const bool first = held_until_ == Instant{};
    granted_ = true;
    held_until_ = asked_at + std::min(answer->ttl, ttl_) * 9 / 10;
    timer_ = loop_.after(every_, [this] { ask(); });
    if (granting || first) callbacks_.on_held();
    if (callbacks_.on_kept) callbacks_.on_kept(BootClock::now() - asked_at);
}

void Lease::revoke() {
    revoked_ = true;
    held_until_ = {};
    timer_.reset();
    if (!granted_) return;
    caller_.ask<LeaseAnswer>([id = id_](Etcd& etcd) { return etcd.revoke(id); },
                             [](const Result<LeaseAnswer>&) {});
}

}  // namespace lastgood::fleet
