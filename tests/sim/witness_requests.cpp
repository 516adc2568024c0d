// Which wishes are carried out, and for which commit.
#include <algorithm>

#include "sim/witness.h"

namespace lastgood::sim {
namespace {

using core::Phase;
using core::Trigger;

bool by_itself(Trigger trigger) {
    return trigger != Trigger::cli && trigger != Trigger::rollback &&
           trigger != Trigger::crash_loop;
}

std::int64_t newest_id(const core::AppState& state) {
    const std::int64_t work = state.work ? state.work->id.value : 0;
    return std::max(work, state.waiting ? state.waiting->id.value : 0);
}

}  // namespace

bool Witness::is_bad(const CommitId& commit) const {
    return disk_.app(app_).quarantine.contains(commit);
}

bool Witness::is_good(const CommitId& commit) const {
    const auto& good = disk_.app(app_).good;
    return std::find(good.begin(), good.end(), commit) != good.end();
}

std::optional<CommitId> Witness::newest_good(const std::optional<CommitId>& than) const {
    const auto& app = disk_.app(app_);
    for (const auto& commit : app.good) {
        if (app.built.contains(commit) && !is_bad(commit) && commit != than) return commit;
    }
    return std::nullopt;
}

// At the other app, by its journal: good for so long, not bad, and not freed since.
bool Witness::is_proved(const CommitId& commit) const {
    const auto& other = disk_.app(*AppName::parse(settings_.promotion->from));
    if (other.quarantine.contains(commit)) return false;
    const auto freed = other.freed.find(commit);
    for (const auto& [good, since] : other.became_good) {
        if (good != commit) continue;
        return ground_.clock.now() - since >= settings_.promotion->after &&
               (freed == other.freed.end() || freed->second <= since);
    }
    return false;
}

// It proves nothing while it is judged there once more.
bool Witness::may_wait_for_proof(const CommitId& commit) const {
    if (!settings_.promotion) return false;
    for (const std::int64_t id : disk_.app(*AppName::parse(settings_.promotion->from)).open) {
        const auto& row = disk_.deployment(DeploymentId{id});
        if (row.phase == Phase::probation && row.commit == commit) return true;
    }
    return !is_proved(commit);
}

void Witness::check_proved(const core::Deployment& work) const {
    const core::Request& request = work.request;
    const bool asked = request.trigger == Trigger::cli && request.force;
    if (!settings_.promotion || asked || core::is_way_back(request.trigger)) return;
    must(is_proved(*work.commit), "a commit goes on that the other app has not proved");
}

void Witness::check_request(const core::Request& request, const core::Answer& answer,
                            const core::AppState& after) {
    if (by_itself(request.trigger)) failed_tip_.reset();
    withdrawn_.reset();
    if (!answer.accepted) return check_refusal(request);
    if (by_itself(request.trigger)) {
        must(paused_ != true, "a push was deployed although the app is paused");
        must(stopped_ != true, "a push was deployed although the app is stopped");
    }
    if (request.commit) {
        const bool bad = was_healthy_ && is_bad(*request.commit) && before_.quarantine.size() > 0;
        must(!bad || request.force, "a commit in quarantine was accepted");
        for (const auto& under_way : {before_.work, before_.waiting}) {
            must(!under_way || under_way->commit != request.commit,
                 "a commit was accepted that is being deployed already");
        }
    }
    check_superseded(answer, after);
}

void Witness::check_refusal(const core::Request& request) const {
    if (!by_itself(request.trigger) || !request.commit) return;
    if (may_wait_for_proof(*request.commit)) return;
    bool for_a_reason = paused_ != false || stopped_ != false || !was_healthy_ ||
                        is_bad(*request.commit) ||
                        (before_.live == request.commit &&
                         (!before_.trial || before_.trial->commit == *request.commit));
    for (const auto& under_way : {before_.work, before_.waiting}) {
        for_a_reason = for_a_reason || (under_way && under_way->commit == request.commit);
    }
    must(for_a_reason, "a push was turned down for nothing");
}

void Witness::check_superseded(const core::Answer& answer, const core::AppState& after) const {
    const bool works = after.work && after.work->id == answer.deployment;
    const bool waits = after.waiting && after.waiting->id == answer.deployment;
    must(works || waits, "an accepted request has no place");
    must(!before_.waiting || !after.waiting || before_.waiting->id != after.waiting->id,
         "an older request still waits");
    if (!before_.work) return;
    const core::Deployment& older = *before_.work;
    const bool way_back =
        older.request.trigger == Trigger::rollback || older.request.trigger == Trigger::crash_loop;
    const bool is_switch = older.phase == Phase::starting && !settings_.two_slots;
    const bool stays = way_back || is_switch || settings_.finish_before_newer;
    const bool stayed = after.work && after.work->id == older.id;
    must(stays || !stayed, "a newer request did not take the place of the older");
    must(!stays || stayed, "a newer request ended what it must wait for");
}

void Witness::check_choice(const core::Fetched& event, const core::AppState& after) {
    if (!before_.work || before_.work->id != event.deployment) return;
    hear_absence(event);
    failed_tip_.reset();
    withdrawn_.reset();
    const bool chosen = after.work && after.work->phase == Phase::building;
    if (!chosen) return check_turned_down(event, after);
    check_proved(*after.work);
    const CommitId commit = *after.work->commit;
    const auto& tip = event.facts.tip;
    must(tip && (commit == tip || remote_.is_ancestor(commit, *tip)),
         "a commit that is on no branch is built");
    must(before_.live != commit || before_.failed, "what is live already is built again");
    must(!before_.trial || !before_.trial->deployment || before_.trial->commit != commit,
         "what is in its probation is built again");
    const bool knows = was_healthy_ && event_ != nullptr;
    must(!knows || !before_.quarantine.contains(commit) || before_.work->request.force,
         "a commit in quarantine is built");
    bool missing = false;
    for (const auto& wish : event.facts.standings) {
        missing = missing || (wish.commit == commit && !wish.present);
        if (!wish.present || !wish.on_branch || commit == tip) continue;
        must(!remote_.is_ancestor(commit, wish.commit), "of two wishes the older is built");
    }
    must(!missing, "a commit is built that isn't there");
    const core::Request& request = before_.work->request;
    if (request.trigger == Trigger::fleet) {
        return must(commit == request.commit, "a wish of the fleet leads to another commit");
    }
    if (!by_itself(request.trigger)) return;
    const auto& live = before_.live;
    must(!live || !remote_.is_ancestor(commit, *live) || commit == tip, "a stale commit is built");
    must(!live || !settings_.fast_forward_only || commit == live ||
             remote_.is_ancestor(*live, commit),
         "fast_forward_only, and no descendant of the live commit is built");
    must(commit == live || !remote_.skip_asked(commit), "[skip deploy] is built");
}

void Witness::hear_absence(const core::Fetched& event) {
    if (event.facts.standings.empty() || event.facts.standings.front().present) return;
    if (before_.work->waited == Millis(0)) absent_since_ = ground_.clock.now();
    // 1, 2, 4 and 8 s, then each 10 s until a minute is over.
    must(++absences_ <= 14, "a commit that never appears is waited for without end");
}

// Nothing is built: there is a reason.
void Witness::check_turned_down(const core::Fetched& event, const core::AppState& after) const {
    if (event.facts.standings.empty() || !event.facts.tip) return;
    // Asked again, because users were moved meanwhile.
    const bool again = after.work && after.work->id == event.deployment;
    if (again && before_.work->compared_with != before_.live) return;
    const auto& wanted = event.facts.standings.front();
    const auto& live = before_.live;
    if (!wanted.present) {
        if (after.work && after.work->id == event.deployment) return;
        must(before_.work->waited > Millis(0),
             "a commit that isn't there yet was given up at once");
        // As measured here, where all of the waiting was seen.
        must(!absent_since_ || ground_.clock.now() - *absent_since_ >= Millis(50'000),
             "a commit that isn't there yet was given up early");
        return;
    }
    if (may_wait_for_proof(wanted.commit)) return;
    const Trigger trigger = before_.work->request.trigger;
    // The fleet may mean any commit of the branch, and the rules of pushes aren't its own.
    const bool of_fleet = trigger == Trigger::fleet;
    if (of_fleet && !wanted.on_branch) return;
    if ((!of_fleet && wanted.commit != event.facts.tip) || !by_itself(trigger)) return;
    const bool forced = !of_fleet && settings_.fast_forward_only && live && live != wanted.commit &&
                        !remote_.is_ancestor(*live, wanted.commit);
    const bool on_trial = before_.trial && before_.trial->commit == wanted.commit;
    must(forced || on_trial || live == wanted.commit || !was_healthy_ || is_bad(wanted.commit) ||
             (!of_fleet && remote_.skip_asked(wanted.commit)),
         of_fleet ? "a wish of the fleet was turned down for nothing"
                  : "the branch's tip was turned down for nothing");
}

void Witness::check_poll(const core::PollSaw& event, const core::AppState& after) {
    if (withdrawn_ != event.tip) withdrawn_.reset();  // what the branch moves to then is a push
    const bool queued = newest_id(after) > std::max(newest_id(before_), std::int64_t{0});
    if (!queued) return;
    must(paused_ != true, "the poller deploys although the app is paused");
    must(stopped_ != true, "the poller deploys although the app is stopped");
    // Where it found what had been proved meanwhile, that one.
    const auto& queued_last = after.waiting ? after.waiting : after.work;
    const CommitId commit = queued_last->request.commit.value_or(event.tip);
    must(!was_healthy_ || !is_bad(commit), "the poller deploys a commit in quarantine");
    must(failed_tip_ != commit, "the poller tries a failed build again");
    must(withdrawn_ != commit, "the poller deploys what the fleet took back");
}

// What is begun goes on, and what others asked for.
void Witness::check_withdrawal(const core::WithdrawAsked& event, const core::Answer& answer,
                               const core::AppState& after) {
    const auto goes_on = [&after](const core::Deployment& one) {
        return (after.work && after.work->id == one.id) ||
               (after.waiting && after.waiting->id == one.id);
    };
    bool open = false;
    for (const auto& under_way : {before_.work, before_.waiting}) {
        if (!under_way) continue;
        if (under_way->id != event.deployment) {
            must(goes_on(*under_way), "the fleet takes back what is not its own");
        } else if (under_way->phase == Phase::starting) {
            must(goes_on(*under_way), "the fleet takes back what has begun");
        } else {
            open = true;
            must(!goes_on(*under_way), "what the fleet took back goes on");
            if (was_healthy_) withdrawn_ = under_way->request.commit;
        }
    }
    must(answer.accepted == open, "a withdrawal is told to be what it was not");
}

void Witness::check_rollback(const core::RollbackAsked& event, const core::Answer& answer) {
    if (!was_healthy_ || lists_differ_ || (!before_.live && !before_.trial)) return;
    const CommitId leaving = before_.trial ? before_.trial->commit : *before_.live;
    // As it was before what is left went into quarantine.
    const auto target = event.to ? event.to : newest_good(leaving);
    if (!answer.accepted) {
        must(!target || !is_good(*target) || is_bad(*target) ||
                 !disk_.app(app_).built.contains(*target),
             "a rollback was refused for nothing");
        return;
    }
    if (answer.decision != "deploy") return;
    must(target.has_value(), "a rollback has no target");
    must(is_good(*target) && !is_bad(*target), "a rollback goes to a release that isn't good");
    must(disk_.deployment(answer.deployment).request.commit == target,
         "a rollback goes to another release than the newest good one");
    must(leaving == *target || is_bad(leaving), "what a rollback leaves isn't in quarantine");
}

// Pauses and stops bind from their acknowledgement on.
void Witness::hear_operator(const core::Answer& answer, bool healthy) {
    const auto* arrived = event<core::RequestArrived>();
    const bool stops = event<core::StopAsked>() != nullptr;
    const bool starts = event<core::StartAsked>() != nullptr ||
                        event<core::RestartAsked>() != nullptr ||
                        (event<core::RollbackAsked>() != nullptr && answer.decision == "deploy") ||
                        (arrived != nullptr && arrived->request.trigger == Trigger::cli);
    if (answer.accepted && (stops || starts)) stopped_ = stops;
    if (stops || starts) rows_ = {};  // their restarts count anew
    const bool pauses = event<core::PauseAsked>() != nullptr;
    const bool resumes = event<core::ResumeAsked>() != nullptr;
    if (pauses || resumes) paused_ = pauses;
    if (!healthy) word_at_risk_ = true;
    if (stops || starts || pauses || resumes || event<core::QuarantineReleaseAsked>() ||
        event<core::RollbackAsked>()) {
        failed_tip_.reset();
        withdrawn_.reset();
    }
    if (event<core::FetchFailed>() || event<core::BuildFailed>()) withdrawn_.reset();
    if (const auto* failed = event<core::BuildFailed>()) {
        const auto& work = before_.work;
        const bool its = work && work->id == failed->deployment && work->phase == Phase::building;
        if (its && before_.seen_tip == work->commit && healthy) failed_tip_ = work->commit;
    }
}

}  // namespace lastgood::sim
