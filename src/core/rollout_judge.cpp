// How far the rollout is: what ended, who vanished, whether it goes on, halts or is done.
#include <algorithm>

#include "core/rollout_step.h"
#include "lastgood/base/mutant.h"

namespace lastgood::core {

void RolloutStep::follow() {
    if (!keys_.rollout || next_.wish != wish()->id) {  // deleted by hand: the wish stands
        const bool no_canary = wish_is_back() || ground_.settings.canary <= 0;
        next_ = Rollout{.wish = wish()->id,
                        .number = wish()->number,
                        .state = no_canary ? RolloutState::waves : RolloutState::canary};
    }
    for (const auto& [host, grant] : keys_.grants) next_.wave.insert(host);
    end_grants();
    look_for_missing();
    if (!ahead_) {
        if (is_rolling()) judge();
        give_grants();
    }
    const bool changed = !keys_.rollout || next_ != keys_.rollout->value ||
                         !transaction_.puts.empty() || !transaction_.removes.empty();
    if (changed) commit();
}

void RolloutStep::end_grants() {
    for (const auto& [host, grant] : keys_.grants) {
        if (transaction_.removes.size() == limits::kFleetGrantsAtOnce) break;
        if (const Member* member = find(host)) {
            end_grant(*member);
        } else if (ground_.view.hosts.contains(host)) {  // it has the app no more
            next_.wave.erase(host);
            remove(grant_key(app_, host));
        }
    }
    if (is_rolling()) note_failures();
}

void RolloutStep::end_grant(const Member& member) {
    const Grant& grant = member.grant->value;
    const HostApp& app = *member.app;
    const GrantOutcome outcome = app.outcome_of(grant.wish, grant.commit);
    if (outcome == GrantOutcome::none) return;
    next_.wave.erase(*member.name);
    remove(grant_key(app_, *member.name));
    if (outcome != GrantOutcome::bad && outcome != GrantOutcome::failed) return;
    notice(
        FleetNews::host_failed, grant.commit,
        "host " + member.name->str() + ", commit " + grant.commit.short_hex() + ": " + app.reason);
    // One proof is enough against a commit that nobody wants any more.
    const bool wanted = grant.wish == wish()->id && next_.state != RolloutState::halted;
    const bool proof = outcome == GrantOutcome::bad && !grant.back && !was_good(grant.commit);
    if (proof && !wanted && !is_bad(grant.commit)) {
        quarantine(grant.commit, app.reason, member.name->str());
    }
}

void RolloutStep::note_failures() {
    for (const auto& member : members_) {
        const GrantOutcome outcome = member.app->outcome_of(wish()->id, wish()->commit);
        const bool failed = outcome == GrantOutcome::bad || outcome == GrantOutcome::failed;
        if (!failed || next_.failures.size() == limits::kFleetGrantsAtOnce) continue;
        next_.failures.try_emplace(*member.name,
                                   HostFailure{outcome == GrantOutcome::bad, member.app->reason});
    }
}

void RolloutStep::look_for_missing() {
    std::erase_if(next_.lost, [&](const HostName& host) { return find(host) != nullptr; });
    std::erase_if(memory_.missing, [&](const auto& entry) {
        return !next_.wave.contains(entry.first) || find(entry.first) != nullptr;
    });
    const std::set<HostName> wave = next_.wave;
    for (const auto& host : wave) {
        if (keys_.grants.contains(host)) continue;
        if (const Member* member = find(host)) {
            // Back with another lease, before it was seen to be away or after.
            if (!member->app->busy) next_.wave.erase(host);
            continue;
        }
        const Instant since = memory_.missing.try_emplace(host, ground_.now).first->second;
        const Instant over =
            since + LASTGOOD_MUTANT(fleet_lost_not_held, ground_.settings.lost_hold, Millis(0));
        if (ground_.now < over) {
            again_at(over);
            continue;
        }
        next_.wave.erase(host);
        next_.lost.insert(host);
        memory_.missing.erase(host);
    }
}

std::string RolloutStep::failure_text() const {
    std::string text = std::to_string(next_.failures.size()) + " of " +
                       std::to_string(members_.size()) + " hosts failed";
    std::size_t named = 0;
    for (const auto& [host, failure] : next_.failures) {
        if (named++ == limits::kFleetNamesTold) return text + " …";
        text += "; " + host.str() + ": " + failure.reason;
    }
    return text;
}

void RolloutStep::halt(std::string reason, bool quarantined) {
    next_.state = RolloutState::halted;
    next_.reason = std::move(reason);
    record_end("halted", next_.reason);
    notice(FleetNews::halted, wish()->commit,
           "the rollout of commit " + wish()->commit.short_hex() + " is halted: " + next_.reason);
    if (quarantined || was_good(wish()->commit)) return;
    for (const auto& [host, failure] : next_.failures) {
        if (!failure.proof || LASTGOOD_MUTANT(fleet_halt_without_quarantine, false, true)) continue;
        quarantine(wish()->commit, failure.reason, host.str());
        return;
    }
}

void RolloutStep::judge() {
    if (next_.state == RolloutState::canary) note_failed_canaries();
    if (const auto bad = keys_.quarantine.find(wish()->commit); bad != keys_.quarantine.end()) {
        return halt("it is in quarantine: " + bad->second.value.reason, true);
    }
    // The way back has no way back of its own: hosts that fail it are told.
    if (!wish_is_back()) {
        const auto down =
            std::count_if(next_.failures.begin(), next_.failures.end(), [&](const auto& entry) {
                const Member* member = find(entry.first);
                return member != nullptr && member->app->health == HostHealth::down;
            });
        const auto failed = static_cast<int>(next_.failures.size());
        const bool enough = failed >= std::max(1, ground_.settings.max_failures);
        if (LASTGOOD_MUTANT(fleet_halt_forgotten, enough || down >= unavailable_max(), false)) {
            return halt(failure_text(), false);
        }
    }
    if (next_.state == RolloutState::canary) {
        choose_canaries();
        soak();
    }
    if (next_.state == RolloutState::waves) judge_waves();
}

// It has the wish's commit, or is about to: by a grant, also of an earlier wish for it, or by its
// own word where the grant went with an earlier lease.
bool RolloutStep::has_begun(const Member& member) const {
    const HostApp& app = *member.app;
    if (app.commit == wish()->commit) return true;
    const bool granted = member.grant != nullptr && next_.wave.contains(*member.name);
    if (granted) return member.grant->value.commit == wish()->commit;
    return app.busy && app.granted == wish()->commit && app.outcome == GrantOutcome::none;
}

// One that has begun stays one though it refuses other grants.
bool RolloutStep::can_be_canary(const Member& member) const {
    if (next_.failures.contains(*member.name)) return false;
    return has_begun(member) || takes_part(member, Target{.commit = wish()->commit});
}

// A canary that fails after its probation is as good a proof; also one that has the commit by a
// grant of an earlier wish for it, however that went, and so never gets one of this.
void RolloutStep::note_failed_canaries() {
    const auto& canaries = next_.canaries;
    for (const auto& member : members_) {
        const HostApp& app = *member.app;
        const bool is_canary =
            std::find(canaries.begin(), canaries.end(), *member.name) != canaries.end();
        const bool had_it = app.outcome_of(app.wish, wish()->commit) != GrantOutcome::none;
        const bool has_it = is_canary && had_it && app.commit == wish()->commit && !app.busy;
        const bool went_well = app.outcome_of(wish()->id, wish()->commit) == GrantOutcome::good;
        if ((!has_it && !went_well) || app.health == HostHealth::ok) continue;
        next_.failures.try_emplace(*member.name,
                                   HostFailure{true, "it failed after its probation"});
    }
}

// Hosts that are down leave no place for others: then they are the canaries.
bool RolloutStep::places_are_taken() const {
    const auto down = std::count_if(members_.begin(), members_.end(), [](const Member& member) {
        return member.app->health == HostHealth::down;
    });
    return down >= unavailable_max();
}

// Those that can't be any more are replaced; one zone, as far as its hosts suffice. Whoever has
// begun is one before all others, also one that was replaced and is back: else more hosts than
// `canary` had the commit before any was watched.
void RolloutStep::choose_canaries() {
    const bool taken_by_down = places_are_taken();
    const auto is_down = [](const Member& member) {
        return member.app->health == HostHealth::down;
    };
    const auto stays = [&](const Member& member) {
        const auto& now = next_.canaries;
        return std::find(now.begin(), now.end(), *member.name) != now.end() &&
               (!taken_by_down || is_down(member));
    };
    std::vector<const Member*> able;
    for (const auto& member : members_) {
        if (can_be_canary(member)) able.push_back(&member);
    }
    std::optional<std::string> zone;
    for (const auto& host : next_.canaries) {
        const Member* member = find(host);
        if (zone || member == nullptr || !can_be_canary(*member)) continue;
        if (has_begun(*member) || stays(*member)) zone = member->zone;
    }
    const auto rank = [&](const Member* member) {
        return std::tuple(!has_begun(*member), !stays(*member), is_down(*member) != taken_by_down,
                          zone && member->zone != *zone, member->zone, *member->name);
    };
    std::sort(able.begin(), able.end(),
              [&](const Member* a, const Member* b) { return rank(a) < rank(b); });
    const auto wanted = static_cast<std::size_t>(ground_.settings.canary);
    if (able.size() > wanted) able.resize(wanted);
    next_.canaries.clear();
    for (const Member* member : able) next_.canaries.push_back(*member->name);
}

bool RolloutStep::canaries_are_well() const {
    return !next_.canaries.empty() &&
           std::all_of(next_.canaries.begin(), next_.canaries.end(), [&](const HostName& host) {
               const HostApp& app = *find(host)->app;
               return app.commit == wish()->commit && !app.busy && app.health == HostHealth::ok;
           });
}

void RolloutStep::soak() {
    if (!canaries_are_well()) {
        memory_.soak.reset();
        if (next_.canaries.empty()) wait_for("no host can be the canary");
        return;
    }
    if (!memory_.soak || memory_.soak->wish != wish()->id) {
        memory_.soak = RolloutMemory::Soak{wish()->id, ground_.now};
    }
    const Instant over =
        memory_.soak->since +
        LASTGOOD_MUTANT(fleet_soak_skipped, ground_.settings.canary_soak, Millis(0));
    if (ground_.now < over) {
        again_at(over);
        return wait_for("the canary is watched for " +
                        format_duration(ground_.settings.canary_soak));
    }
    next_.state = RolloutState::waves;
}

void RolloutStep::judge_waves() {
    if (!next_.wave.empty()) return;
    std::size_t have_it = 0;
    for (const auto& member : members_) {
        const HostApp& app = *member.app;
        const bool has_it = app.commit == wish()->commit && !app.busy;
        if (has_it && !next_.failures.contains(*member.name)) ++have_it;
        const bool back = wish_is_back() && app.commit && is_bad(*app.commit);
        if (!has_it && takes_part(member, Target{.commit = wish()->commit, .back = back})) return;
    }
    if (LASTGOOD_MUTANT(fleet_done_too_early, have_it == 0, false)) return;
    next_.state = RolloutState::done;
    record_end("done", std::to_string(have_it) + " hosts have it");
    notice(FleetNews::done, wish()->commit,
           "commit " + wish()->commit.short_hex() + " is good on " + std::to_string(have_it) +
               " hosts");
    FleetGood good{.commit = wish()->commit, .since = ground_.wall};
    if (good_) {
        if (good_->commit == good.commit) return;
        good.before = good_->before;
        good.before.insert(good.before.begin(), good_->commit);
        std::erase_if(good.before,
                      [&](const auto& commit) { return commit == good.commit || is_bad(commit); });
        if (good.before.size() > limits::kFleetGoodMax) {
            good.before.erase(good.before.begin() + limits::kFleetGoodMax, good.before.end());
        }
    }
    good_ = good;
    put(good_key(app_), std::move(good));
}

}  // namespace lastgood::core
