#include "fleet/orders.h"

#include "lastgood/core/backoff.h"
#include "lastgood/fleet/values.h"

namespace lastgood::fleet {

Orders::Orders(sys::EventLoop& loop, Caller& caller, std::string prefix,
               std::function<void(const Proposed&)> reply)
    : loop_(loop), caller_(caller), prefix_(std::move(prefix)), reply_(std::move(reply)) {}

void Orders::propose(const ProposeAsk& ask) {
    write(ask, BootClock::now() + limits::kFleetOrderMax, 0);
}

void Orders::write(const ProposeAsk& ask, Instant until, int tries) {
    const std::string key = prefix_ + core::proposal_key(ask.app, ask.proposal.id);
    const TxnAsk txn{{{key, Compare::What::created, Compare::Is::equal, 0, {}}},
                     {Put{key, encode(ask.proposal), 0}}};
    caller_.ask<TxnAnswer>(
        [txn](Etcd& etcd) { return etcd.txn(txn); },
        [alive = std::weak_ptr(alive_), this, ask, until, tries](Result<TxnAnswer> result) {
            if (alive.lock()) written(ask, until, tries + 1, std::move(result));
        });
}

// One whose answer was lost is tried again: its key is there then, or the controller knows its id.
void Orders::written(const ProposeAsk& ask, Instant until, int tries, Result<TxnAnswer> result) {
    retries_.erase(ask.seq);
    if (const auto* answer = std::get_if<TxnAnswer>(&result)) {
        const bool fresh = answer->succeeded || tries > 1;
        return reply_({ask.seq, fresh ? Proposed::Kind::kept : Proposed::Kind::known, {}});
    }
    const Failure& failed = std::get<Failure>(result);
    const Millis delay = core::etcd_retry_delay(tries, ask.seq + static_cast<std::uint64_t>(tries));
    if (!failed.passes() || BootClock::now() + delay >= until) {
        return reply_({ask.seq, Proposed::Kind::away, failed.error.text()});
    }
    retries_[ask.seq] = loop_.after(delay, [this, ask, until, tries] { write(ask, until, tries); });
}

}  // namespace lastgood::fleet
