#include "fleet/election.h"

#include "lastgood/core/backoff.h"

namespace lastgood::fleet {
namespace {

constexpr Millis kRefusedPause{60'000};  // of a host that may not

}  // namespace

Election::Election(sys::EventLoop& loop, Caller& caller, const Keeper& keeper, std::string host,
                   std::uint64_t salt, Callbacks callbacks)
    : loop_(loop),
      caller_(caller),
      keeper_(keeper),
      host_(std::move(host)),
      key_(keeper.group().prefix() + std::string(kElectionKey)),
      salt_(salt),
      callbacks_(std::move(callbacks)) {}

void Election::look(bool may) {
    if (!keeper_.listed()) return;
    const auto& controller = keeper_.group().controller();
    if (won()) {
        // Another key, or none, that is newer than ours.
        const bool ours = controller && controller->created == created_;
        if (!ours && keeper_.group().view().revision > created_) end();
        return;
    }
    if (controller || !may) {
        pause_.reset();
        return;
    }
    if (pause_ || lease_ || BootClock::now() < not_before_) return;
    pause_ = loop_.after(core::election_pause(++salt_), [this] { stand(); });
}

void Election::stand() {
    pause_.reset();
    if (keeper_.group().controller()) return;
    lease_ = std::make_unique<Lease>(
        loop_, caller_, limits::kFleetElectionLease, limits::kFleetElectionKeepEvery, 0, ++salt_,
        Lease::Callbacks{[this] { write(); },
                         // Not from inside of the lease's own call.
                         [this] { loop_.defer([this] { end(); }); },
                         [this](const Failure& why) { callbacks_.on_trouble(why.error); }});
}

void Election::write() {
    if (writing_ || won() || !lease_) return;
    writing_ = true;
    const LeaseId lease = lease_->id();
    TxnAsk ask{{{key_, Compare::What::created, Compare::Is::equal, 0, {}}},
               {Put{key_, host_, lease}},
               {RangeAsk{.key = key_}}};
    caller_.ask<TxnAnswer>([ask](Etcd& etcd) { return etcd.txn(ask); },
                           [alive = std::weak_ptr(alive_), this, lease](Result<TxnAnswer> result) {
                               if (alive.lock()) written(lease, std::move(result));
                           });
}

void Election::written(LeaseId lease, Result<TxnAnswer> result) {
    writing_ = false;
    if (!lease_ || lease_->id() != lease) return;
    const auto* answer = std::get_if<TxnAnswer>(&result);
    const auto* failed = std::get_if<Failure>(&result);
    if (failed != nullptr && !failed->passes()) {
        // Its user may not: others may.
        not_before_ = BootClock::now() + kRefusedPause;
        callbacks_.on_trouble({"this host can't be the controller: " + failed->error.what, ""});
        return end();
    }
    if (answer == nullptr) {
        // It may have been done: asking again tells, by the lease that the key is bound to.
        ++failures_;
        pause_ = loop_.after(core::etcd_retry_delay(failures_, ++salt_), [this] {
            pause_.reset();
            write();
        });
        return;
    }
    failures_ = 0;
    if (answer->succeeded) return was_won(answer->revision);
    const auto& kvs = answer->ranges.empty() ? std::vector<KeyValue>{} : answer->ranges[0].kvs;
    if (!kvs.empty() && kvs[0].lease == lease) return was_won(kvs[0].create_revision);
    end();
}

void Election::was_won(Revision created) {
    created_ = created;
    callbacks_.on_won();
}

core::Controllership Election::controllership() const {
    LG_ASSERT(won() && lease_ != nullptr);
    return {std::string(kElectionKey), created_, lease_->held_until()};
}

void Election::step_down() {
    end();
}

void Election::end() {
    const bool was = won();
    created_ = 0;
    if (lease_) lease_->revoke();
    // What the lease still calls must find it.
    if (lease_) loop_.defer([gone = std::shared_ptr<Lease>(std::move(lease_))] {});
    lease_.reset();
    pause_.reset();
    if (was) callbacks_.on_lost();
    // The key is gone by now, maybe: the view will say so.
}

}  // namespace lastgood::fleet
