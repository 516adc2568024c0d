// From the request to the start: waiting, fetching, choosing, building.
#include <algorithm>
#include <utility>

#include "core/machine_impl.h"
#include "lastgood/base/assert.h"
#include "lastgood/base/limits.h"
#include "lastgood/core/backoff.h"

namespace lastgood::core {
// Why an automatic request isn't carried out; empty: it is. An operator's request is stopped by the
// quarantine alone.
std::string Machine::why_not(const Request& request) const {
    const bool automatic = is_automatic(request.trigger);
    const bool obeys = LASTGOOD_MUTANT(fleet_wish_in_pause, automatic,
                                       automatic && request.trigger != Trigger::fleet);
    if (obeys && LASTGOOD_MUTANT(pause_ignored, s_.paused, false))
        return "automatic deployments are paused";
    if (automatic && LASTGOOD_MUTANT(stop_ignored, s_.stopped, false)) return "the app is stopped";
    if (!request.commit) return {};
    const auto quarantined = s_.quarantine.find(*request.commit);
    const bool held = quarantined != s_.quarantine.end() && !request.force;
    if (LASTGOOD_MUTANT(quarantine_ignored, held, false)) {
        return "commit " + request.commit->short_hex() +
               " is in quarantine: " + quarantined->second +
               (automatic ? "" : "; to deploy it all the same use --force");
    }
    if (LASTGOOD_MUTANT(same_commit_twice, is_on_the_way(*request.commit), false))
        return "that commit is being deployed already";
    if (automatic && is_live_to_stay(*request.commit) && !s_.work) {
        return "that commit is live already";
    }
    return {};
}

void Machine::on(const RequestArrived& event) {
    const std::string reason = why_not(event.request);
    if (!reason.empty()) {
        // Found again by the poller when the pause or stop ends, also where the branch was set back
        // to a commit that had its turn before.
        const bool kept_back = is_automatic(event.request.trigger) && (s_.paused || s_.stopped);
        const bool moved =
            event.request.trigger == Trigger::poll || event.request.commit == s_.seen_tip;
        if (kept_back && moved) s_.seen_tip.reset();
        return refuse(reason);
    }

    if (event.request.commit) {
        const CommitId& commit = *event.request.commit;
        const std::string waits = why_it_waits(event.request, commit);
        if (!waits.empty()) {
            if (is_automatic(event.request.trigger)) wait_for_proof(CommitId(commit));
            return refuse(waits);
        }
    }

    Request request = event.request;
    if (request.force && request.commit) free_of_quarantine(*request.commit);
    // An operator's deployment starts what had been stopped: should it fail, the app runs.
    if (request.trigger == Trigger::cli && s_.stopped) run_again();
    if (s_.waiting) {
        supersede(*s_.waiting, request);
        s_.waiting.reset();
    }
    if (s_.work && may_be_superseded()) {
        Deployment older = *s_.work;
        cancel_work(Outcome::superseded, {});
        supersede(older, request);
    }
    if (is_automatic(request.trigger) && request.commit) taken_as_proved(*request.commit);
    Deployment deployment = queue(std::move(request));
    accept("deploy", {}, deployment.id);
    if (s_.work) {
        s_.waiting = std::move(deployment);
    } else {
        begin_work(std::move(deployment));
    }
}

bool Machine::may_be_superseded() const {
    if (is_way_back(s_.work->request.trigger)) return false;
    if (s_.work->phase == Phase::starting && !settings_.two_slots) return false;
    if (LASTGOOD_MUTANT(supersede_lost, false, true)) return false;
    return !LASTGOOD_MUTANT(finish_ignored, settings_.finish_before_newer, false);
}

// Ends the older wish; an automatic newer one remembers it, because it may be the newer commit.
void Machine::supersede(Deployment& older, Request& newer) {
    end(older.id, Outcome::superseded, "a newer request came in");
    const auto wanted = older.request.commit ? older.request.commit : older.commit;
    // It means that commit and no other.
    if (LASTGOOD_MUTANT(fleet_wish_remembers, newer.trigger == Trigger::fleet, false)) return;
    if (!is_automatic(newer.trigger)) {
        // An operator's choice: the poller must not fight it.
        if (newer.commit && wanted && is_automatic(older.request.trigger)) s_.seen_tip = wanted;
        return;
    }
    if (!newer.commit) return;
    if (wanted && LASTGOOD_MUTANT(older_wish_forgotten, wanted != newer.commit, false))
        newer.over.push_back({*wanted, older.request.delivery});
    for (auto& candidate : older.request.over) {
        if (candidate.commit != newer.commit) newer.over.push_back(std::move(candidate));
    }
    if (settings_.promotion) {  // they are proved, and the tip need not be
        while (newer.over.size() >= limits::kCandidatesMax) newer.over.pop_back();
        return;
    }
    // Of more wishes than can be compared the tip is the newest, and stays it.
    const bool too_many = newer.over.size() >= limits::kCandidatesMax;
    if (!too_many && (wanted || !is_automatic(older.request.trigger))) return;
    newer.commit.reset();
    newer.over.clear();
}

void Machine::begin_work(Deployment deployment) {
    LG_ASSERT(!s_.work);
    keep_proved(deployment);
    deployment.phase = Phase::fetching;
    deployment.compared_with = s_.live;
    DoFetch fetch{deployment.id, {}, s_.live};
    if (deployment.request.commit) fetch.candidates.push_back(*deployment.request.commit);
    for (const auto& candidate : deployment.request.over) {
        fetch.candidates.push_back(candidate.commit);
    }
    record(DeploymentMoved{deployment.id, Phase::fetching, deployment.commit});
    effect(std::move(fetch));
    s_.work = std::move(deployment);
}

void Machine::next_work() {
    if (s_.work || LASTGOOD_MUTANT(waiting_forgotten, !s_.waiting, true)) return;
    begin_work(*std::exchange(s_.waiting, std::nullopt));
}

void Machine::on(const Fetched& event) {
    if (!s_.work || s_.work->id != event.deployment || s_.work->phase != Phase::fetching) return;
    repository_answers();
    // Users were moved back meanwhile: what is stale, forced or changed is another question now.
    if (s_.work->compared_with != s_.live) {
        return begin_work(*std::exchange(s_.work, std::nullopt));
    }
    const bool promoted = settings_.promotion && s_.work->request.trigger == Trigger::promote;
    const bool waited_enough =
        LASTGOOD_MUTANT(wait_has_no_end, s_.work->waited >= limits::kCommitAppearsWithin, false) ||
        promoted;
    const CommitChoice choice =
        choose_commit(s_.work->request, event.facts, s_.live, settings_, waited_enough);
    switch (choice.kind) {
        case CommitChoice::Kind::deploy:
            // A newer tip than the chosen commit is left to the poller: its delivery may be lost,
            // and it may be one that had its turn before.
            if (!s_.work->request.over.empty() &&
                !why_it_waits(s_.work->request, *choice.commit).empty()) {
                return begin_work(*std::exchange(s_.work, std::nullopt));
            }
            if (choice.commit == event.facts.tip) {
                s_.seen_tip = event.facts.tip;
                s_.waits_for.reset();
            } else if (is_automatic(s_.work->request.trigger)) {
                s_.seen_tip.reset();
            }
            return deploy_chosen(choice);
        case CommitChoice::Kind::stale:
            if (!s_.work->request.delivery.empty()) {
                record(DeliveryRedecided{s_.work->request.delivery, "stale", choice.reason});
            }
            return end_work(Outcome::superseded, choice.reason);
        case CommitChoice::Kind::ignored:
            // Had its turn: the poller finds the next one.
            if (event.facts.standings[choice.candidate].commit == event.facts.tip) {
                s_.seen_tip = event.facts.tip;
            }
            if (!s_.work->request.delivery.empty()) {
                record(DeliveryRedecided{s_.work->request.delivery, "ignored", choice.reason});
            }
            return end_work(Outcome::cancelled, choice.reason);
        case CommitChoice::Kind::refused:
            return promoted ? not_promoted(choice.reason) : give_up_fetching(choice.reason);
        case CommitChoice::Kind::not_there_yet:
            if (promoted) return not_promoted(choice.reason);
            break;
    }
    if (LASTGOOD_MUTANT(wait_forgotten, waited_enough, true))
        return give_up_fetching(choice.reason);
    s_.work->fetch_failures++;
    const Millis delay =
        std::min(fetch_retry_delay(s_.work->fetch_failures, s_.work->id.value), Millis(10'000));
    s_.work->waited += delay;
    tell(Tone::warn, choice.reason + " yet; asking again in " + format_duration(delay));
    effect(SetTimer{TimerKind::fetch_retry, delay});
}

void Machine::deploy_chosen(const CommitChoice& choice) {
    const CommitId& commit = *choice.commit;
    // The newest wish may be one that an older, later delivered one had taken the place of.
    if (choice.candidate > 0) {
        swap_for_candidate(Candidate(s_.work->request.over[choice.candidate - 1]));
    }
    s_.work->commit = commit;
    record(DeploymentMoved{s_.work->id, Phase::fetching, commit});
    const auto quarantined = s_.quarantine.find(commit);
    if (quarantined != s_.quarantine.end()) {
        if (LASTGOOD_MUTANT(quarantine_ignored_after_fetch, !s_.work->request.force, false)) {
            return end_work(Outcome::cancelled, "commit " + commit.short_hex() +
                                                    " is in quarantine: " + quarantined->second +
                                                    "; to deploy it all the same use --force");
        }
        free_of_quarantine(CommitId(commit));
    }
    if (const std::string waits = why_it_waits(s_.work->request, commit); !waits.empty()) {
        return leave_unproved(commit, waits);
    }
    const bool on_trial = s_.trial && s_.trial->deployment && s_.trial->commit == commit;
    if (on_trial) {
        return end_work(Outcome::superseded,
                        "commit " + commit.short_hex() +
                            " is live already, in the probation of deployment " +
                            std::to_string(s_.trial->deployment.value));
    }
    if (LASTGOOD_MUTANT(live_deployed_again, s_.live == commit && !s_.failed, false)) {
        if (s_.trial) {
            // Users are back on it while a newer release crashes: the branch was forced back, too.
            const Trial trial = *s_.trial;
            trial_runs(false);
            s_.trial.reset();
            end(trial.deployment, Outcome::superseded,
                "commit " + commit.short_hex() + " is wanted again");
            stop_run(trial.slot);
        }
        return end_work(Outcome::good, "commit " + commit.short_hex() + " is live already");
    }
    s_.work->start_attempts = 0;
    record(Noticed{NewsKind::started, s_.work->id, commit, {}});
    begin_building();
}

void Machine::swap_for_candidate(const Candidate& candidate) {
    if (s_.work->request.trigger == Trigger::promote && candidate.delivery.empty()) {
        s_.work->request.commit = candidate.commit;  // of what was proved the newest on the branch
        s_.work->request.over.clear();
        return;
    }
    Request request = s_.work->request;
    end(s_.work->id, Outcome::superseded,
        "stale: commit " + candidate.commit.short_hex() + ", which came in before it, is newer");
    if (!request.delivery.empty()) {
        record(DeliveryRedecided{request.delivery, "stale",
                                 "older than commit " + candidate.commit.short_hex()});
    }
    request.commit = candidate.commit;
    request.delivery = candidate.delivery;
    request.over.clear();
    s_.work = queue(std::move(request));
}

void Machine::begin_building() {
    s_.work->phase = Phase::building;
    record(DeploymentMoved{s_.work->id, Phase::building, s_.work->commit});
    effect(DoBuild{s_.work->id, *s_.work->commit, s_.work->request.trigger, s_.live});
}

void Machine::on(const FetchFailed& event) {
    if (!s_.work || s_.work->id != event.deployment || s_.work->phase != Phase::fetching) return;
    // Somebody waits for an operator's request and is told at once.
    if (LASTGOOD_MUTANT(fetch_tried_once, event.permanent, true) ||
        s_.work->request.trigger == Trigger::cli) {
        return give_up_fetching(event.reason);
    }
    s_.work->fetch_failures++;
    if (s_.work->fetch_failures >= limits::kFetchFailuresTold) repository_is_away(event.reason);
    const Millis delay =
        LASTGOOD_MUTANT(fetch_without_backoff,
                        fetch_retry_delay(s_.work->fetch_failures, s_.work->id.value), Millis(1));
    tell(Tone::error, event.reason + "; trying again in " + format_duration(delay));
    effect(SetTimer{TimerKind::fetch_retry, delay});
}

void Machine::give_up_fetching(const std::string& reason) {
    forget_seen(*s_.work);
    end_work(Outcome::failed, reason);
}

// What ends before it had its turn (a wish among those it took over may have had it half) is found
// again by the poller.
void Machine::forget_seen(const Deployment& deployment) {
    const Request& request = deployment.request;
    if (request.trigger == Trigger::promote) s_.promoted.reset();
    bool wanted = s_.seen_tip == request.commit || s_.seen_tip == deployment.commit;
    for (const auto& candidate : request.over) wanted = wanted || s_.seen_tip == candidate.commit;
    if (wanted) s_.seen_tip.reset();
}

void Machine::on(const Built& event) {
    if (!s_.work || s_.work->id != event.deployment || s_.work->phase != Phase::building) return;
    const CommitId commit = *s_.work->commit;
    const std::string waits = why_it_waits(s_.work->request, commit);
    if (!waits.empty()) return leave_unproved(commit, waits);
    begin_starting();
}

void Machine::on(const BuildFailed& event) {
    if (!s_.work || s_.work->id != event.deployment || s_.work->phase != Phase::building) return;
    effect(RunHook{HookKind::on_failure, *s_.work->commit});
    if (LASTGOOD_MUTANT(failed_build_quarantined, false, true))
        put_in_quarantine(*s_.work->commit, "b");
    end_work(Outcome::failed, event.reason);
}

void Machine::end_work(Outcome outcome, const std::string& reason) {
    end(s_.work->id, outcome, reason);
    s_.work.reset();
    effect(ClearTimer{TimerKind::fetch_retry});
    next_work();
}

// Stops what the work has under way; with an outcome that is recorded by the caller when
// superseded.
void Machine::cancel_work(Outcome outcome, const std::string& reason) {
    if (s_.work->phase == Phase::starting) {
        if (is_work_run(work_slot())) stop_run(work_slot());
    }
    effect(CancelWork{s_.work->id});
    effect(ClearTimer{TimerKind::fetch_retry});
    if (outcome != Outcome::superseded) end(s_.work->id, outcome, reason);
    s_.work.reset();
}

// Each look also finds what was proved while the app was paused, stopped or out of reach.
void Machine::on(const PollSaw& event) {
    repository_answers();
    poll_saw(event.tip);
    const Answer answer = step_.answer;
    promote_proved();
    step_.answer = answer;
}

void Machine::poll_saw(const CommitId& tip) {
    if (LASTGOOD_MUTANT(poller_repeats_failures, s_.seen_tip == tip, false))
        return accept("ignored", "nothing new");
    if (is_live_to_stay(tip)) {
        s_.waits_for.reset();
        // What is under way may be newer than what this look saw, or the branch was set back: not
        // seen, so the next look tells.
        if (s_.work) return accept("ignored", "another commit is being deployed");
        s_.seen_tip = tip;
        return accept("ignored", "that commit is live already");
    }
    // Whoever asked for the tip must not be told that a look at the same tip took its place. Not
    // seen either: should that fetch have begun before the tip moved, the next look tells.
    const auto asks_for_tip = [](const auto& deployment) {
        return deployment && !deployment->request.commit && !deployment->commit;
    };
    if (asks_for_tip(s_.work) || asks_for_tip(s_.waiting)) {
        return accept("ignored", "the tip is being fetched already");
    }
    Request request;
    request.trigger = Trigger::poll;
    request.commit = tip;
    on(RequestArrived{std::move(request)});
    // Quarantined is final until the tip moves on; paused is not. A request that was accepted has
    // acted on the tip once it is fetched: until then it may be cancelled or fail.
    if (s_.is_quarantined(tip)) s_.seen_tip = tip;
}

}  // namespace lastgood::core
