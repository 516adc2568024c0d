#include "sim_fleet/local_app.h"

#include <algorithm>

#include "sim_fleet/witness.h"

namespace lastgood::sim_fleet {

using core::GrantOutcome;

bool LocalApp::is_bad_here(const CommitId& commit) const {
    const Fate fate = repository_.fate(commit);
    if (fate == Fate::bad) return true;
    return fate == Fate::bad_on_some && (host_ * 7 + commit.hex()[5]) % 3 == 0;
}

void LocalApp::then(Millis delay, void (LocalApp::*next)()) {
    const auto serial = work_->serial = ++serial_;
    ground_.clock.after(delay, [this, serial, next] {
        if (alive_ && work_ && work_->serial == serial) (this->*next)();
    });
}

void LocalApp::deploy(const core::MemberDeploy& order) {
    if (order.order <= order_) return;
    order_ = order.order;
    outcome_ = GrantOutcome::none;
    reason_.clear();
    waiting_ = order;
    // What is begun ends first.
    if (!work_ || work_->phase == Phase::building) begin();
    changed();
}

void LocalApp::begin() {
    if (work_) witness_.cancelled(host_);
    work_.reset();
    if (!waiting_) return;
    const core::MemberDeploy order = *std::exchange(waiting_, std::nullopt);
    if (quarantine_.contains(order.commit) && !order.force) {
        return end(GrantOutcome::declined, "it is in this host's quarantine");
    }
    quarantine_.erase(order.commit);
    if (order.commit == commit_ && !down_) {
        return end(GrantOutcome::good, "it is live already");
    }
    work_ = Work{.order = order};
    witness_.begun(host_, order);
    ground_.counts.add(Kind::deployed);
    then(order.back ? Millis(1) : ground_.between(1'000, 15'000), &LocalApp::built);
}

void LocalApp::withdraw(std::uint64_t order) {
    if (waiting_ && waiting_->order == order) {
        waiting_.reset();
        end(GrantOutcome::declined, "withdrawn");
    } else if (work_ && work_->order.order == order && work_->phase == Phase::building) {
        ground_.counts.add(Kind::withdrawn);
        witness_.cancelled(host_);
        work_.reset();
        end(GrantOutcome::declined, "withdrawn");
    }
    changed();
}

void LocalApp::built() {
    const bool luck = !work_->order.back && ground_.fault(3);
    if (luck) ground_.counts.add(Kind::bad_luck);
    if (luck || (repository_.fate(work_->order.commit) == Fate::build_fails)) {
        witness_.ended(host_, GrantOutcome::failed);
        work_.reset();
        end(GrantOutcome::failed, "build failed");
        begin();
        return changed();
    }
    witness_.starting(host_);
    work_->phase = Phase::starting;
    failing_ = false;
    then(ground_.between(500, 5'000), &LocalApp::started);
    changed();
}

void LocalApp::started() {
    const CommitId commit = work_->order.commit;
    if (repository_.fate(commit) == Fate::takes_host_down) {
        if (took_down_.insert(commit).second) return takes_host_down();
        return go_back();
    }
    const bool never_ready = is_bad_here(commit) && ground_.random.chance(50);
    if (never_ready) return go_back();
    work_->phase = Phase::probation;
    commit_ = commit;
    down_ = false;
    then(ground_.between(3'000, 12'000), &LocalApp::probation_over);
    changed();
}

void LocalApp::probation_over() {
    const CommitId commit = work_->order.commit;
    if (is_bad_here(commit)) return go_back();
    std::erase(good_, commit);
    good_.push_back(commit);
    witness_.ended(host_, GrantOutcome::good);
    work_.reset();
    end(GrantOutcome::good, {});
    if (repository_.fate(commit) == Fate::fails_in_soak) {
        ground_.clock.after(ground_.between(1'000, 8'000), [this, commit] {
            if (!alive_ || commit_ != commit || work_) return;
            failing_ = true;
            changed();
        });
    }
    begin();
    changed();
}

void LocalApp::go_back() {
    ground_.counts.add(Kind::proved_bad);
    quarantine_.insert(work_->order.commit);
    std::erase(good_, work_->order.commit);
    work_->phase = Phase::going_back;
    then(ground_.between(300, 2'000), &LocalApp::back);
    changed();
}

void LocalApp::back() {
    commit_ = good_.empty() ? work_->order.commit : good_.back();
    down_ = good_.empty();
    witness_.ended(host_, GrantOutcome::bad);
    work_.reset();
    end(GrantOutcome::bad, "crashed in its probation");
    begin();
    changed();
}

// Of the order that came last, unless a newer one waits.
void LocalApp::end(GrantOutcome outcome, const std::string& reason) {
    if (waiting_) return;
    outcome_ = outcome;
    reason_ = reason;
}

void LocalApp::roll_back_by_hand() {
    if (work_ || good_.size() < 2 || good_.back() != commit_) return;
    ground_.counts.add(Kind::local_rollback);
    witness_.noted(host_, "is rolled back by hand");
    quarantine_.insert(good_.back());
    good_.pop_back();
    commit_ = good_.back();
    failing_ = false;
    ++orders_;
    operator_did_ = "rolled back on this host";
    witness_.operator_acted(host_);
    changed();
}

void LocalApp::pause_by_hand(bool paused) {
    paused_ = paused;
    witness_.noted(host_, paused ? "is paused by hand" : "is resumed by hand");
    ground_.counts.add(Kind::local_pause);
    changed();
}

void LocalApp::died() {
    alive_ = false;
    failing_ = false;
    ++serial_;
}

void LocalApp::booted() {
    alive_ = true;
    if (!work_) return;
    if (work_->phase == Phase::building)
        return then(ground_.between(1'000, 15'000), &LocalApp::built);
    work_->resumed = true;
    work_->phase = Phase::starting;
    then(ground_.between(500, 5'000), &LocalApp::started);
}

core::MemberLocal LocalApp::told() const {
    core::MemberLocal told;
    told.commit = commit_;
    told.proved = !work_ && !down_ && commit_.has_value();
    told.state = work_ ? "probation" : "running";
    told.health = down_      ? core::HostHealth::down
                  : failing_ ? core::HostHealth::failing
                             : core::HostHealth::ok;
    told.paused = paused_;
    told.operator_did = operator_did_;
    told.orders = orders_;
    told.busy = work_ || waiting_;
    told.begun = work_ && work_->phase != Phase::building && work_->order.order == order_;
    told.order = order_;
    told.outcome = outcome_;
    told.reason = reason_;
    return told;
}

}  // namespace lastgood::sim_fleet
