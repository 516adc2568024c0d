// Who gets a grant now.
#include <algorithm>

#include "core/rollout_step.h"
#include "lastgood/base/fnv.h"
#include "lastgood/base/mutant.h"
#include "lastgood/base/random.h"

namespace lastgood::core {
// What this host should have instead of what it has.
std::optional<RolloutStep::Target> RolloutStep::target_of(const Member& member) const {
    const auto& at = member.app->commit;
    const bool on_bad = at && is_bad(*at);
    const bool is_canary = std::find(next_.canaries.begin(), next_.canaries.end(), *member.name) !=
                           next_.canaries.end();
    const bool included = LASTGOOD_MUTANT(fleet_wave_before_canary,
                                          next_.state == RolloutState::waves || is_canary, true);
    if (is_rolling() && included && !(on_bad && keys_.paused && !wish_is_back())) {
        if (at == wish()->commit) return std::nullopt;
        return Target{wish()->commit, on_bad && wish_is_back(), false};
    }
    if (is_rolling() && !on_bad) return std::nullopt;
    const bool halted = next_.state == RolloutState::halted;
    const bool on_halted = halted && at == wish()->commit;
    if (on_halted && ground_.settings.on_halt == OnHalt::hold) return std::nullopt;
    const auto good = fleet_good();
    if (!good || at == *good) return std::nullopt;
    const bool back = on_bad || on_halted;
    if (back && LASTGOOD_MUTANT(fleet_back_forgotten, false, true)) return std::nullopt;
    return Target{*good, back, !back};
}

// It doesn't refuse, and has not had its try.
bool RolloutStep::takes_part(const Member& member, const Target& target) const {
    const HostApp& app = *member.app;
    // Its word may be of a later grant by now, back to what was good.
    const bool failed = target.commit == wish()->commit && next_.failures.contains(*member.name);
    const bool tried = app.outcome_of(wish()->id, target.commit) != GrantOutcome::none;
    if ((failed || tried) && app.commit != target.commit) {
        return LASTGOOD_MUTANT(fleet_failed_again, false, true);
    }
    return target.back || !app.refusal || app.refusal->up_to < wish()->number;
}

// A returned host waits a moment of its own, the same for every controller.
bool RolloutStep::is_due(const Candidate& candidate) {
    if (!candidate.target.catch_up) return true;
    const HostName& host = *candidate.member->name;
    const Instant since = memory_.behind.try_emplace(host, ground_.now).first->second;
    const auto within = static_cast<std::uint64_t>(ground_.settings.catch_up_within.count());
    const Instant due =
        since + Millis(static_cast<std::int64_t>(Random(fnv1a_64(host.str())).below(within + 1)));
    if (ground_.now < due) again_at(due);
    return ground_.now >= due;
}

bool RolloutStep::is_forward_held() {
    if (LASTGOOD_MUTANT(fleet_pause_ignored, keys_.paused.has_value(), false)) {
        wait_for("paused by " + keys_.paused->value.by);
        return true;
    }
    if (wish_waits_) return true;
    const auto gone = static_cast<int>(next_.lost.size() + next_.failures.size());
    if (!is_rolling() || next_.lost.empty() || gone <= ground_.settings.max_failures) return false;
    const std::string text =
        std::to_string(next_.lost.size()) + " hosts (" + next_.lost.begin()->str() +
        " …) vanished while they deployed commit " + wish()->commit.short_hex() +
        "; it goes on when they are back, or by `lastgood fleet deploy " + app_.str() + " " +
        wish()->commit.short_hex() + "`";
    wait_for(text);
    tell_once(FleetNews::waits, text);
    return true;
}

std::vector<RolloutStep::Candidate> RolloutStep::candidates() {
    const bool forward_held = is_forward_held();
    std::vector<Candidate> found;
    std::map<HostName, Instant> behind;
    for (const auto& member : members_) {
        const auto target = target_of(member);
        if (!target || !takes_part(member, *target)) continue;
        const Candidate candidate{&member, *target};
        const bool due = is_due(candidate);
        if (const auto since = memory_.behind.find(*member.name); since != memory_.behind.end()) {
            behind.insert(*since);
        }
        if (!due || (forward_held && !target->back)) continue;
        if (member.grant != nullptr) {
            const Grant& grant = member.grant->value;
            const bool ended =
                member.app->outcome_of(grant.wish, grant.commit) != GrantOutcome::none;
            if (!ended && grant.wish == wish()->id && grant.commit == target->commit) continue;
        } else if (member.app->busy) {
            continue;
        }
        found.push_back(candidate);
    }
    memory_.behind = std::move(behind);
    const auto rank = [](const Candidate& candidate) {
        const bool is_down = candidate.member->app->health == HostHealth::down;
        return std::tuple(!candidate.target.back, candidate.target.catch_up, !is_down);
    };
    std::stable_sort(found.begin(), found.end(),
                     [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
    return found;
}

// Of forward grants: the zone in which some are out, those of this wish first; else one with a host
// that is down, else one that is begun, else the first by name.
std::optional<std::string> RolloutStep::open_zone(const std::vector<Candidate>& of) const {
    std::set<std::string> begun;
    const std::string* of_older = nullptr;
    for (const auto& member : members_) {
        const Grant* grant = member.grant != nullptr ? &member.grant->value : nullptr;
        if (grant != nullptr && !grant->back && next_.wave.contains(*member.name)) {
            if (grant->wish == wish()->id) return member.zone;
            if (of_older == nullptr) of_older = &member.zone;
        }
        if (member.app->commit == wish()->commit) begun.insert(member.zone);
    }
    if (of_older != nullptr) return *of_older;
    std::optional<std::string> zone;
    for (const auto& [member, target] : of) {
        if (target.back || target.catch_up) continue;
        if (member->app->health == HostHealth::down) return member->zone;
        const auto rank = [&](const std::string& name) {
            return std::pair(!begun.contains(name), name);
        };
        if (!zone || rank(member->zone) < rank(*zone)) zone = member->zone;
    }
    return zone;
}

std::set<HostName> RolloutStep::unavailable() const {
    std::set<HostName> hosts = next_.wave;
    for (const auto& member : members_) {
        const bool is_down = member.app->health == HostHealth::down;
        if (is_down || member.app->busy) hosts.insert(*member.name);
    }
    return hosts;
}

void RolloutStep::give_grants() {
    const auto found = candidates();
    if (found.empty()) return;
    const auto zone = open_zone(found);
    std::set<HostName> away = unavailable();
    const auto most = static_cast<std::size_t>(unavailable_max());
    std::size_t given = 0;
    bool forward = false;
    bool full = false;
    for (const auto& candidate : found) {
        const Member& member = *candidate.member;
        const bool is_forward = !candidate.target.back && !candidate.target.catch_up;
        if (LASTGOOD_MUTANT(fleet_zones_together, is_forward && member.zone != zone, false)) {
            continue;
        }
        const bool counted = away.contains(*member.name);
        const bool has_place = next_.wave.contains(*member.name);
        const bool room =
            has_place || (next_.wave.size() < most && (counted || away.size() < most));
        if (LASTGOOD_MUTANT(fleet_bound_ignored, !room, false)) {
            full = true;
            continue;
        }
        if (++given > limits::kFleetGrantsAtOnce) break;
        away.insert(*member.name);
        forward = forward || !candidate.target.back;
        give(candidate);
    }
    if (full && next_.wave.empty()) {
        wait_for("as many hosts are down or busy already as may be unavailable");
    }
    // A pause that comes at the same time wins.
    if (forward) {
        compare(KeyComparison::Of::modified, paused_key(app_),
                keys_.paused.value_or(Kept<FleetPause>{}).modified);
    }
}

void RolloutStep::give(const Candidate& candidate) {
    const Member& member = *candidate.member;
    const auto& [commit, back, catch_up] = candidate.target;
    next_.wave.insert(*member.name);
    compare(KeyComparison::Of::modified, host_key(*member.name), member.record->modified);
    const std::string key = grant_key(app_, *member.name);
    std::erase(transaction_.removes, key);  // its last one ended just now
    put(key,
        Grant{wish()->id, wish()->number, commit, back, wish()->force && commit == wish()->commit},
        LASTGOOD_MUTANT(fleet_grant_without_lease, member.record->lease, 0));
}

}  // namespace lastgood::core
