// What controllers write.
#include <algorithm>

#include "sim_fleet/host.h"
#include "sim_fleet/view.h"
#include "sim_fleet/witness.h"

namespace lastgood::sim_fleet {

using core::GrantOutcome;
using core::RolloutState;

namespace {

// By the host itself or by its word in etcd.
template <typename App>
bool has_it(const App& app, const CommitId& commit) {
    return app.commit == commit && !app.busy && app.health == core::HostHealth::ok;
}

}  // namespace

void Witness::before(const Transaction& transaction) {
    for (const auto& put : transaction.puts) {
        if (const auto* proposal = std::get_if<core::Proposal>(&put.value)) {
            proposed_.try_emplace(proposal->id, ground_.now());
        }
    }
    if (transaction.epoch == 0) return;
    const Entry* elected = etcd_.find(kElectionKey);
    must(elected != nullptr && elected->created == transaction.epoch,
         "a controller that isn't elected any more writes");
    for (const auto& put : transaction.puts) {
        if (const auto* grant = std::get_if<core::Grant>(&put.value)) {
            check_grant(put, *grant, transaction);
        } else if (const auto* wish = std::get_if<core::Wish>(&put.value)) {
            check_wish(*wish, transaction);
        } else if (const auto* good = std::get_if<core::FleetGood>(&put.value)) {
            check_good(*good, transaction);
        } else {
            note_outcomes(put, transaction);
        }
    }
}

void Witness::note_outcomes(const Put& put, const Transaction& transaction) {
    if (const auto* entry = std::get_if<core::FleetEntry>(&put.value)) {
        decided_[entry->id] = entry->decision;
        if (entry->decision == "superseded") ground_.counts.add(Kind::superseded);
    }
    const auto* next = std::get_if<core::Rollout>(&put.value);
    if (next == nullptr) return;
    const auto* now = rollout();
    const bool same = now != nullptr && now->wish == next->wish;
    if (!same || now->canaries != next->canaries) note_canaries(*next);
    if (same && now->state == next->state) return;
    if (same && now->state == RolloutState::canary && next->state == RolloutState::waves) {
        check_soak(*wish());
    }
    ground_.note("rollout of wish " + next->wish + " (" + std::to_string(next->number) +
                 "): " + std::string(to_string(next->state)) + " " + next->reason);
    if (next->state == RolloutState::done) {
        ground_.counts.add(Kind::done);
        check_done(transaction.seen);
    }
    if (next->state == RolloutState::halted) {
        ground_.counts.add(Kind::halted);
        check_halt(transaction);
    }
}

// Somebody has it, as far as the controller could know.
void Witness::check_done(Revision seen) const {
    const auto words = apps();
    must(std::any_of(words.begin(), words.end(),
                     [&](const auto& word) {
                         const bool is_news = word.second.second > seen;
                         return is_news || word.second.first->commit == wish()->commit;
                     }),
         "a rollout is done that no host has");
}

// What a host proved bad, as far as the controller could know, is nobody's any more; unless it was
// the whole fleet's good.
void Witness::check_halt(const Transaction& transaction) const {
    const CommitId& commit = wish()->commit;
    bool proved = false;
    for (const auto& [name, word] : apps()) {
        const bool known = word.second <= transaction.seen;
        proved =
            proved || (known && word.first->outcome_of(wish()->id, commit) == GrantOutcome::bad);
    }
    const auto* good = etcd_.value<core::FleetGood>(core::good_key(setup_.app));
    const bool was_good = good != nullptr && (good->commit == commit ||
                                              std::find(good->before.begin(), good->before.end(),
                                                        commit) != good->before.end());
    if (!proved || was_good) return;
    const std::string key = core::quarantine_key(setup_.app, commit);
    const bool put_now = std::any_of(transaction.puts.begin(), transaction.puts.end(),
                                     [&](const Put& put) { return put.key == key; });
    must(put_now || etcd_.find(key) != nullptr, "a halt leaves free what a host proved bad");
}

void Witness::note_canaries(const core::Rollout& rollout) const {
    std::string names;
    for (const auto& host : rollout.canaries) names += " " + host.str();
    if (!names.empty()) ground_.note("canaries:" + names);
}

// By what this transaction writes itself.
bool Witness::rolls_on(const Transaction& transaction) {
    for (const auto& put : transaction.puts) {
        const auto* rollout = std::get_if<core::Rollout>(&put.value);
        if (rollout == nullptr) continue;
        return rollout->state == RolloutState::canary || rollout->state == RolloutState::waves;
    }
    Ground::broken("a controller's transaction leaves out the rollout");
}

void Witness::check_grant(const Put& put, const core::Grant& grant,
                          const Transaction& transaction) {
    const std::string host = put.key.substr(put.key.rfind('/') + 1);
    ground_.note("grant for " + host + ": " + repository_.name(grant.commit) + ", wish " +
                 grant.wish + (grant.back ? ", back" : ""));
    const Entry* record = etcd_.find(core::host_key(*core::HostName::parse(host)));
    must(record != nullptr && record->lease == put.lease && put.lease != 0,
         "a grant for " + host + " is not bound to that host's lease");
    check_restore(transaction.seen);
    const bool is_rolling = rolls_on(transaction);
    check_tries(grant, host, transaction.seen, is_rolling);
    if (grant.back) {
        ground_.counts.add(Kind::went_back);
        return;
    }
    must(etcd_.find(core::paused_key(setup_.app)) == nullptr, "a grant is given in a pause");
    const auto* wish = this->wish();
    const bool freed = wish != nullptr && wish->force && wish->commit == grant.commit;
    must(freed || etcd_.find(core::quarantine_key(setup_.app, grant.commit)) == nullptr,
         "a grant is given for a commit in quarantine");
    if (!is_rolling) return;
    const Grants others = after(transaction);
    check_canary(grant, others, host, transaction.seen);
    check_zone(grant, others, host);
}

// Some host was good on it long enough ago. What became of that since may be news to whoever
// decided.
void Witness::check_soak(const core::Wish& wish) {
    const auto good = first_good_.find(wish.commit);
    must(good != first_good_.end() && ground_.now() - good->second >= settings().canary_soak,
         "the canary was not watched long enough");
    soaked_.insert(wish.id);
}

// Beyond the canaries nobody gets it before one of them was well for the whole soak.
void Witness::check_canary(const core::Grant& grant, const Grants& others, const std::string& host,
                           Revision seen) {
    const auto* wish = this->wish();
    if (wish == nullptr || settings().canary <= 0) return;
    if (wish->trigger == Trigger::rollback || wish->id != grant.wish) return;
    if (grant.commit != wish->commit) return;
    std::set<std::string> have = {host};
    for (const auto& [name, other] : others) {
        if (other->wish == grant.wish && other->commit == grant.commit) have.insert(name);
    }
    const auto words = apps();
    bool soaked = soaked_.contains(grant.wish);
    for (const auto& one : *hosts_) {
        const Told& its = told_[static_cast<std::size_t>(&one - hosts_->data())];
        const auto good = its.good_since.find(grant.commit);
        const auto wish_of = its.good_for.find(grant.commit);
        // In truth, or by what etcd holds of it: one that died just now is there until its lease
        // has run out, as it was when it told last, and what it did since may be news to whoever
        // decided.
        const bool is_well = one->alive() && has_it(one->local().told(), grant.commit);
        const auto word = words.find(one->name().str());
        const bool is_news = word != words.end() && word->second.second > seen;
        const bool was_well =
            word != words.end() && !is_news && has_it(*word->second.first, grant.commit);
        if (!is_well && !was_well && !is_news) continue;
        const Entry* record = etcd_.find(core::host_key(one->name()));
        if (record == nullptr || record->modified > seen) continue;
        const bool long_ago =
            good != its.good_since.end() && ground_.now() - good->second >= settings().canary_soak;
        soaked = soaked || long_ago;
        if (!is_well && !was_well) continue;
        // Without a time: from before it died.
        soaked = soaked || good == its.good_since.end();
        // Some may have it by an earlier wish for the same commit.
        const bool by_this = wish_of != its.good_for.end() && wish_of->second == grant.wish;
        if (by_this) have.insert(one->name().str());
    }
    if (soaked) soaked_.insert(grant.wish);
    must(soaked || have.size() <= static_cast<std::size_t>(settings().canary),
         "a wave begins before the canary was watched");
}

void Witness::check_zone(const core::Grant& grant, const Grants& others,
                         const std::string& host) const {
    for (const auto& [name, other] : others) {
        if (other->back || other->wish != grant.wish || name == host) continue;
        must(named(name).zone() == named(host).zone(), "a wave is in two zones");
    }
}

// As far as the controller could know.
void Witness::check_tries(const core::Grant& grant, const std::string& host, Revision seen,
                          bool is_rolling) const {
    int failed = 0;
    for (const auto& [name, word] : apps()) {
        if (word.second > seen) continue;
        const GrantOutcome outcome = word.first->outcome_of(grant.wish, grant.commit);
        if (outcome == GrantOutcome::bad || outcome == GrantOutcome::failed) ++failed;
        must(name != host || outcome == GrantOutcome::none,
             host + " gets a second try of the same wish");
    }
    const auto* wish = this->wish();
    if (grant.back || wish == nullptr || wish->id != grant.wish || wish->commit != grant.commit) {
        return;
    }
    if (wish->trigger == Trigger::rollback || !is_rolling) return;
    must(failed < settings().max_failures, "a grant is given though enough hosts failed");
}

void Witness::check_restore(Revision seen) const {
    const auto* wish = this->wish();
    for (const auto& [name, word] : apps()) {
        if (word.second > seen || wish == nullptr) continue;
        must(word.first->seen.number <= wish->number,
             "a grant is given though " + name + " has seen a newer wish");
    }
}

void Witness::check_wish(const core::Wish& wish, const Transaction& transaction) {
    ground_.counts.add(Kind::wish);
    ground_.note("WISH " + std::to_string(wish.number) + " " + wish.id + ": " +
                 repository_.name(wish.commit));
    const auto* before = this->wish();
    bool ahead = false;
    for (const auto& [name, word] : apps()) {
        if (word.second > transaction.seen) continue;
        must(word.first->seen.number < wish.number,
             "a wish is not newer than what a host has seen");
        const core::WishMark& mark = word.first->seen;
        const bool is_ahead = before == nullptr || mark.number > before->number ||
                              (mark.number == before->number && mark.id != before->id);
        ahead = ahead || is_ahead;
        must(!is_ahead || !mark.commit || wish.at > mark.at,
             "a restore brings back a proposal from before what a host has seen");
    }
    const auto bad_key = core::quarantine_key(setup_.app, wish.commit);
    must(etcd_.find(bad_key) == nullptr || wish.force, "a commit in quarantine becomes the wish");
    if (before == nullptr) return;
    must(before->id != wish.id, "a proposal becomes the wish twice");
    if (wish.trigger == Trigger::rollback && !ahead) {
        const auto left = core::quarantine_key(setup_.app, before->commit);
        const bool put_now = std::any_of(transaction.puts.begin(), transaction.puts.end(),
                                         [&](const Put& put) { return put.key == left; });
        must(put_now || etcd_.find(left) != nullptr, "a rollback leaves its commit free");
    }
    if (wish.trigger != Trigger::webhook) return;
    const bool rolling =
        rollout()->state == RolloutState::canary || rollout()->state == RolloutState::waves;
    for (const auto& [name, grant] : after(transaction)) {
        if (!rolling || ahead || grant->wish != before->id) continue;
        must(ground_.now() - proposed_[wish.id] >= limits::kFleetWavePatience,
             "a push takes the place of a wish in the middle of a wave");
    }
    for (const auto& [name, word] : apps()) {
        if (word.second > transaction.seen || repository_.was_forced() ||
            word.first->seen.number < before->number) {
            continue;
        }
        const bool halted = rollout()->state == RolloutState::halted;
        must(halted || !word.first->seen.commit ||
                 !repository_.is_ancestor(wish.commit, *word.first->seen.commit),
             "a push sets the fleet back to an older commit");
    }
}

// Every host that the controller knew has it, had its try, or refuses. What a rollback leads to was
// good before.
void Witness::check_good(const core::FleetGood& good, const Transaction& transaction) const {
    const bool rolled_back =
        std::any_of(transaction.puts.begin(), transaction.puts.end(),
                    [](const Put& put) { return std::holds_alternative<core::Wish>(put.value); });
    if (rolled_back) {
        const auto* now = etcd_.value<core::FleetGood>(core::good_key(setup_.app));
        must(now != nullptr &&
                 (now->commit == good.commit || std::find(now->before.begin(), now->before.end(),
                                                          good.commit) != now->before.end()),
             "a rollback leads to what never was good");
        return;
    }
    const auto* wish = this->wish();
    must(wish != nullptr && wish->commit == good.commit, "what is called good is not the wish");
    for (const auto& [name, word] : apps()) {
        const core::HostApp& app = *word.first;
        if (word.second > transaction.seen || (app.commit == good.commit && !app.busy)) continue;
        const bool refuses = app.refusal && app.refusal->up_to >= wish->number;
        // Its word may be of a later grant, back to what was good.
        const bool failed = rollout()->failures.contains(*core::HostName::parse(name));
        must(refuses || failed || app.outcome_of(wish->id, good.commit) != GrantOutcome::none,
             "a commit is called good before " + name + " had it");
    }
}

}  // namespace lastgood::sim_fleet
