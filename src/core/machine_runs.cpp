// What runs: readiness, crashes, the probation, and the way back.
#include <algorithm>

#include "core/machine_impl.h"
#include "lastgood/base/assert.h"
#include "lastgood/base/limits.h"
#include "lastgood/core/backoff.h"

namespace lastgood::core {
namespace {

TimerKind restart_timer(Slot slot) {
    return slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green;
}

std::string with_tail(const RunExited& event) {
    return event.tail.empty() ? event.status : event.status + ". Its last output: " + event.tail;
}

}  // namespace

void Machine::start_run(Slot slot, const CommitId& commit, bool as_recorded) {
    SlotState& state = s_.slot(slot);
    state.state = RunState::starting;
    state.commit = commit;
    state.run = RunId{++s_.runs};
    state.started = context_.now;
    state.restart = false;
    // Users may have been waiting in its queue since it crashed, and a probe comes after them.
    const bool patient = settings_.two_slots && slot == s_.active && s_.is_good(commit);
    effect(DoStart{slot, state.run, commit, as_recorded, patient});
}

void Machine::stop_run(Slot slot) {
    SlotState& state = s_.slot(slot);
    switch (state.state) {
        case RunState::empty:
            return;
        case RunState::stopping:
            state.restart = false;
            return;
        case RunState::backoff:
            effect(ClearTimer{restart_timer(slot)});
            empty(slot);
            return;
        case RunState::starting:
        case RunState::running:
            state.state = RunState::stopping;
            effect(DoStop{slot});
            return;
    }
}

// The failures in a row stay: they are the row of whatever is started here next.
void Machine::empty(Slot slot) {
    SlotState& state = s_.slot(slot);
    state.state = RunState::empty;
    state.commit.reset();
    state.restart = false;
}

void Machine::restart_later(Slot slot, const CommitId& commit, Millis ran) {
    SlotState& state = s_.slot(slot);
    state.failures = ran >= kRanWell ? 1 : state.failures + 1;
    state.commit = commit;
    const Millis delay =
        restart_delay(settings_.restart, state.failures, s_.runs * 2 + index(slot));
    if (LASTGOOD_MUTANT(restart_without_backoff, delay == Millis(0), true))
        return start_run(slot, commit);
    state.state = RunState::backoff;
    effect(SetTimer{restart_timer(slot), delay});
}

void Machine::trial_runs(bool runs) {
    if (!s_.trial) return;
    Trial& trial = *s_.trial;
    if (trial.since) trial.ran += context_.now - *trial.since;
    trial.since.reset();
    if (!runs) {
        effect(WatchHealth{trial.slot, false});
        effect(ClearTimer{TimerKind::probation});
        return;
    }
    trial.since = context_.now;
    effect(WatchHealth{trial.slot, true});
    effect(SetTimer{TimerKind::probation,
                    std::max(Millis(1), LASTGOOD_MUTANT(probation_early, settings_.probation,
                                                        settings_.probation * 3 / 4) -
                                            trial.ran)});
}

void Machine::on(const RunReady& event) {
    if (!is_current(event.run, event.slot)) return;
    SlotState& slot = s_.slot(event.slot);
    if (slot.state != RunState::starting) return;
    step_.urgent = true;
    const bool fresh = is_fresh_run(event.slot);
    slot.state = RunState::running;
    if (is_work_run(event.slot)) return go_live(event.slot);
    if (fresh) return renewed(event.slot);
    if (!s_.trial) return watch_live();  // it is the live one: nothing else starts then
    if (s_.trial->slot != event.slot) {
        // The way back is ready, and the release on trial isn't (again).
        if (s_.trial->slot == s_.active && !s_.serves(s_.active)) back_to_warm(event.slot);
        return;
    }
    if (s_.active != event.slot) back_to_warm(event.slot);  // the next try of the release on trial
    if (!s_.trial->deployment) s_.trial->ran = Millis(0);  // kept restarting: a whole one in one go
    trial_runs(true);
}

void Machine::on(const RunNotReady& event) {
    if (!is_current(event.run, event.slot)) return;
    SlotState& slot = s_.slot(event.slot);
    if (slot.state != RunState::starting) return;
    step_.urgent = true;
    if (is_work_run(event.slot)) return start_failed(event.reason);
    tell(Tone::error, "commit " + slot.commit->short_hex() + ": " + event.reason);
    const bool judged = s_.trial && s_.trial->slot == event.slot && s_.trial->deployment.value != 0;
    if (judged && ++s_.trial->crashes >= settings_.crash_loop.crashes) {
        return trial_failed(event.reason);
    }
    slot.failures++;
    slot.restart = event.slot == s_.active || (s_.trial && s_.trial->slot == event.slot);
    stop_run(event.slot);
}

void Machine::on(const ProbeFailed& event) {
    if (!is_current(event.run, event.slot)) return;
    if (!s_.serves(event.slot)) return;  // it is being stopped: late news
    if (!s_.trial || s_.trial->slot != event.slot) return live_is_deaf(event);
    if (!s_.trial->deployment) return;
    if (event.in_a_row < LASTGOOD_MUTANT(probes_ignored, limits::kProbeFailuresMax, 1'000'000))
        return;
    step_.urgent = true;
    trial_runs(false);
    trial_failed("its readiness probe failed " + std::to_string(event.in_a_row) +
                 " times in a row: " + event.reason);
}

void Machine::on(const RunExited& event) {
    if (!is_current(event.run, event.slot)) return;
    const SlotState before = s_.slot(event.slot);
    const CommitId commit = *before.commit;
    const bool of_work = is_work_run(event.slot);
    const bool fresh = is_fresh_run(event.slot);
    const Millis ran = std::max(Millis(0), context_.now - before.started);
    empty(event.slot);
    step_.urgent = true;
    if (before.state == RunState::stopping) {
        return stopped_run(event.slot, commit, before.restart);
    }
    if (of_work) {
        start_failed("it ended before it was ready: " + with_tail(event));
    } else if (s_.trial && s_.trial->slot == event.slot) {
        trial_crashed(event, ran);
    } else if (event.slot == s_.active) {
        good_crashed(event, ran);
    } else if (fresh) {
        tell(Tone::error, "a fresh process of commit " + commit.short_hex() +
                              " ended before it was ready, and the one before goes on: it " +
                              with_tail(event));
    } else {
        tell(Tone::warn,
             "commit " + commit.short_hex() + ", kept as the way back, " + with_tail(event));
    }
    start_when_empty();
}

// A run that was told to stop has gone.
void Machine::stopped_run(Slot slot, const CommitId& commit, bool restart) {
    if (s_.stopped) return;
    const bool again = restart && !(s_.is_quarantined(commit) && rollback_target(s_, commit));
    if (again && s_.slot(slot).failures == 0) return start_run(slot, commit);
    if (again) {
        s_.slot(slot).failures--;  // restart_later counts it
        return restart_later(slot, commit, Millis(0));
    }
    start_when_empty();
    resume_live();
}

// A rollback from the live release is under way.
bool Machine::live_is_left() const {
    return s_.is_quarantined(*s_.live) && s_.work && is_way_back(s_.work->request.trigger);
}

// What had stopped for another release is wanted again, when that one is no more. Without two slots
// this is how each failed start ends.
void Machine::resume_live() {
    if (!s_.live || s_.slot(s_.active).state != RunState::empty) return;
    if (live_has_stopped() || live_is_left()) return;
    serve_live();
}

// Starts the live release in its empty slot; where it proved bad and there is a better one, that is
// gone back to instead, and false returned.
bool Machine::serve_live() {
    if (!s_.live || s_.stopped) return true;
    // Called again when what still stops there has gone.
    if (!settings_.two_slots && s_.slot(other(s_.active)).state != RunState::empty) return true;
    if (s_.is_quarantined(*s_.live) && rollback_target(s_, *s_.live)) {
        go_back("commit " + s_.live->short_hex() + " is in quarantine: " + s_.quarantine[*s_.live]);
        return false;
    }
    start_run(s_.active, *s_.live);
    return true;
}

void Machine::trial_crashed(const RunExited& event, Millis ran) {
    trial_runs(false);
    Trial& trial = *s_.trial;
    // A whole probation in one go is wanted: else one that dies every 30 s would be good after two
    // crashes.
    trial.ran = LASTGOOD_MUTANT(probation_in_pieces, Millis(0), trial.ran);
    if (!trial.deployment) {
        if (leave_kept(with_tail(event))) return;
        tell(Tone::error, "commit " + trial.commit.short_hex() + " " + with_tail(event));
        return restart_later(event.slot, trial.commit, ran);
    }
    ++trial.crashes;
    if (LASTGOOD_MUTANT(crashes_off_by_one, trial.crashes, trial.crashes - 1) >=
        settings_.crash_loop.crashes) {
        return trial_failed("it crashed " + std::to_string(trial.crashes) +
                            " times in its probation, the last time it " + with_tail(event));
    }
    tell(Tone::error, "commit " + trial.commit.short_hex() + " crashed in its probation (" +
                          std::to_string(trial.crashes) + " of " +
                          std::to_string(settings_.crash_loop.crashes) + "): it " +
                          with_tail(event));
    const Slot warm = other(event.slot);
    if (LASTGOOD_MUTANT(warm_not_used, s_.active == event.slot, false) && s_.serves(warm))
        back_to_warm(warm);
    restart_later(event.slot, trial.commit, ran);
}

// The release that is kept restarting for want of a better one is left, once there is one again
// (its quarantine ended).
bool Machine::leave_kept(const std::string& reason) {
    if (!s_.trial || s_.trial->deployment || !rollback_target(s_, s_.trial->commit)) return false;
    const Trial kept = *s_.trial;
    if (!s_.is_quarantined(kept.commit)) put_in_quarantine(kept.commit, reason);
    notice(NewsKind::rolled_back, kept.commit, reason);
    trial_runs(false);
    s_.trial.reset();
    // Another daemon may have found it running, and started the better one beside it.
    const Slot warm = other(kept.slot);
    if (s_.active == kept.slot && s_.serves(warm)) back_to_warm(warm);
    stop_run(kept.slot);
    go_back(reason);
    return true;
}

void Machine::back_to_warm(Slot warm) {
    s_.active = warm;
    s_.live = s_.slot(warm).commit;
    effect(DoSwitch{warm, *s_.live});
}

// The release on trial proved bad.
void Machine::trial_failed(const std::string& reason) {
    const Trial trial = *s_.trial;
    const Slot warm = other(trial.slot);
    const bool warm_serves = s_.serves(warm);
    if (!warm_serves && !rollback_target(s_, trial.commit)) {
        end(trial.deployment, Outcome::failed, reason + "; there is no good release to go back to");
        effect(RunHook{HookKind::on_failure, trial.commit});
        return keep_restarting(trial.commit, trial.slot, reason);
    }
    put_in_quarantine(trial.commit, reason);
    end(trial.deployment, Outcome::rolled_back, reason);
    trial_runs(false);
    s_.trial.reset();
    if (warm_serves && s_.active == trial.slot) back_to_warm(warm);
    if (warm_serves) watch_live();
    stop_run(trial.slot);
    if (LASTGOOD_MUTANT(rollback_hook_forgotten, true, false))
        effect(RunHook{HookKind::on_rollback, trial.commit});
    if (!warm_serves || !s_.is_good(*s_.live)) return go_back(reason);

    Request request;
    request.trigger = Trigger::crash_loop;
    request.commit = s_.live;
    const Deployment back = queue(std::move(request));
    end(back.id, Outcome::good, "back on the last good release, which was still running");
    tell(Tone::error, "commit " + trial.commit.short_hex() + " rolled back to " +
                          s_.live->short_hex() + ": " + reason);
    effect(Prune{});
    next_work();
}

// To the newest good release, by starting it. Comes before whatever else is wanted.
void Machine::go_back(const std::string& reason) {
    const auto target = rollback_target(s_, std::nullopt);
    if (!target) {
        s_.failed = true;
        tell(Tone::error, reason + "; there is no good release to go back to");
        raise_alarm(*s_.live, reason + "; there is no good release to go back to");
        if (!s_.serves(s_.active)) keep_restarting(*s_.live, s_.active, reason);
        return next_work();
    }
    if (s_.live == target && s_.serves(s_.active)) {
        s_.failed = false;
        watch_live();
        return next_work();
    }
    tell(Tone::error, "going back to " + target->short_hex() + ": " + reason);
    put_work_back();
    Request request;
    request.trigger = Trigger::crash_loop;
    request.commit = target;
    s_.work = queue(std::move(request));
    begin_starting();
}

// What was being deployed waits until users are served again.
void Machine::put_work_back() {
    if (!s_.work) return;
    Deployment deployment = *s_.work;
    cancel_work(Outcome::superseded, {});
    if (is_way_back(deployment.request.trigger)) {
        return end(deployment.id, Outcome::superseded, "another way back is taken");
    }
    if (s_.waiting) return supersede(deployment, s_.waiting->request);
    deployment.phase = Phase::queued;
    record(DeploymentMoved{deployment.id, Phase::queued, deployment.request.commit});
    s_.waiting = std::move(deployment);
}

void Machine::end_of_probation() {
    if (!s_.trial || !s_.trial->since) return;
    trial_runs(false);
    const Millis left = settings_.probation - s_.trial->ran;
    if (LASTGOOD_MUTANT(probation_early, left, left - settings_.probation / 4) > Millis(0))
        return trial_runs(true);
    const Trial trial = *s_.trial;
    s_.trial.reset();
    end(trial.deployment, Outcome::good, {});
    become_good(trial.commit);
    // It was left, nothing else would run, and now it did well.
    free_of_quarantine(trial.commit);
    tell(Tone::info, "commit " + trial.commit.short_hex() + " is good");
    watch_live();
    const Slot previous = other(trial.slot);
    const bool awaited = s_.work && s_.work->phase == Phase::starting;
    if (s_.slot(previous).state != RunState::empty &&
        LASTGOOD_MUTANT(previous_left_running, !awaited, false))
        stop_run(previous);
}

void Machine::good_crashed(const RunExited& event, Millis ran) {
    const CommitId commit = *s_.live;
    auto& crashes = s_.crashes_after_good;
    crashes.push_back(context_.now);
    std::erase_if(crashes,
                  [this](Instant at) { return context_.now - at > settings_.crash_loop.within; });
    const bool looping = static_cast<int>(crashes.size()) >= settings_.crash_loop.crashes;
    crashes.resize(std::min<std::size_t>(crashes.size(), 100));
    tell(Tone::error, "commit " + commit.short_hex() + " " + with_tail(event) +
                          (looping ? ". It crashes in a loop, though it was good before: look at "
                                     "what changed around it"
                                   : ""));
    if (s_.alarm) effect(ClearTimer{TimerKind::settled});
    // A rollback from it is under way: it isn't needed again.
    if (live_is_left()) return;
    // It stands in for the release on trial, which comes up again or is given up: that decides.
    if (s_.trial && s_.trial->deployment) return restart_later(event.slot, commit, ran);
    if (s_.is_quarantined(commit) && rollback_target(s_, commit)) return go_back(event.status);
    if (looping && LASTGOOD_MUTANT(good_rolled_back, settings_.rollback_after_good, true) &&
        rollback_target(s_, commit)) {
        const std::string reason =
            "it crashed in a loop after it had been good: " + with_tail(event);
        put_in_quarantine(commit, reason);
        notice(NewsKind::rolled_back, commit, reason);
        effect(RunHook{HookKind::on_rollback, commit});
        return go_back(event.status);
    }
    if (looping) {
        raise_alarm(commit,
                    "it crashes in a loop, though it was good before; it " + with_tail(event));
    }
    restart_later(event.slot, commit, ran);
}

}  // namespace lastgood::core
