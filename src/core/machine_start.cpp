// From the start of a release to the switch, and a start that fails.
#include "core/machine_impl.h"
#include "lastgood/base/assert.h"
#include "lastgood/base/limits.h"

namespace lastgood::core {

bool Machine::is_work_run(Slot slot) const {
    return s_.work && s_.work->phase == Phase::starting && slot == work_slot() &&
           s_.slot(slot).commit == s_.work->commit;
}

void Machine::begin_starting() {
    Deployment& work = *s_.work;
    work.phase = Phase::starting;
    record(DeploymentMoved{work.id, Phase::starting, work.commit});
    if (LASTGOOD_MUTANT(starts_not_counted, ++work.start_attempts, 1) > limits::kStartAttemptsMax) {
        return start_failed("the daemon ended " + std::to_string(limits::kStartAttemptsMax) +
                            " times while it was starting");
    }
    // A release on trial that is in the standby slot has crashed and only waits for its next try:
    // the newer one takes its place.
    if (s_.trial && s_.trial->slot == work_slot()) {
        end(s_.trial->deployment, Outcome::superseded,
            "a newer release took its place after " + std::to_string(s_.trial->crashes) +
                " crashes");
        s_.trial.reset();
        effect(ClearTimer{TimerKind::probation});
    }
    if (s_.slot(work_slot()).state != RunState::empty) stop_run(work_slot());
    if (!settings_.two_slots && s_.slot(s_.active).state != RunState::empty) {
        trial_runs(false);
        stop_run(s_.active);
    }
    start_when_empty();
}

// The work's release starts once its place is free; called again when a slot has emptied.
void Machine::start_when_empty() {
    if (!s_.work || s_.work->phase != Phase::starting) return;
    if (s_.slot(work_slot()).state != RunState::empty) return;
    if (!settings_.two_slots && s_.slot(s_.active).state != RunState::empty) return;
    s_.slot(work_slot()).failures = 0;
    start_run(work_slot(), *s_.work->commit, is_way_back(s_.work->request.trigger));
    if (LASTGOOD_MUTANT(live_before_ready, false, true)) go_live(work_slot());
}

// The release in `slot` is ready: users get it from now on.
void Machine::go_live(Slot slot) {
    const Deployment work = *s_.work;
    const CommitId commit = *work.commit;
    const Slot old = s_.active;
    if (s_.trial) {
        end(s_.trial->deployment, Outcome::superseded, "a newer release took its place");
        effect(WatchHealth{s_.trial->slot, false});
        effect(ClearTimer{TimerKind::probation});
        s_.trial.reset();
    }
    s_.active = slot;
    s_.live = commit;
    s_.work.reset();
    s_.failed = false;
    s_.crashes_after_good.clear();
    if (LASTGOOD_MUTANT(switch_forgotten, true, false)) effect(DoSwitch{slot, commit});
    effect(RunHook{HookKind::after_switch, commit});
    if (LASTGOOD_MUTANT(hook_before_switch, false, true)) {
        std::swap(step_.effects.back(), *(step_.effects.end() - 2));
    }

    const bool proven = is_way_back(work.request.trigger) && s_.is_good(commit);
    const bool old_runs = s_.slot(old).state != RunState::empty;
    if (proven) {
        end(work.id, Outcome::good, {});
        watch_live();
        if (old_runs) stop_run(old);
        effect(Prune{});
        return next_work();
    }
    s_.trial = Trial{work.id, commit, slot, 0, Millis(0), std::nullopt};
    record(DeploymentMoved{work.id, Phase::probation, commit});
    trial_runs(true);
    if (old_runs && LASTGOOD_MUTANT(warm_stopped_early, !settings_.keep_previous, true))
        stop_run(old);
    next_work();
}

// Not ready in time, or gone before: users never saw it.
void Machine::start_failed(const std::string& reason) {
    const Deployment work = *s_.work;
    const CommitId commit = *work.commit;
    const Slot slot = work_slot();
    effect(RunHook{HookKind::on_failure, commit});
    if (!s_.live) {
        // The first release ever: nothing better to run, so it is kept trying.
        end(work.id, Outcome::failed, reason + "; there is no good release to go back to");
        s_.work.reset();
        keep_restarting(commit, slot, reason);
        return next_work();
    }
    if (LASTGOOD_MUTANT(failed_start_forgiven, true, false)) put_in_quarantine(commit, reason);
    end(work.id, Outcome::failed, reason);
    s_.work.reset();
    if (s_.slot(slot).state != RunState::empty) stop_run(slot);
    if (is_way_back(work.request.trigger) && s_.is_quarantined(*s_.live)) return go_back(reason);
    resume_live();
    next_work();
}

void Machine::keep_restarting(const CommitId& commit, Slot slot, const std::string& reason) {
    tell(Tone::error, "commit " + commit.short_hex() + ": " + reason +
                          "; there is no good release to go back to, it is kept restarting");
    s_.failed = true;
    raise_alarm(commit, reason + "; there is no good release to go back to, it is kept restarting");
    s_.live = commit;
    s_.active = slot;
    s_.trial = Trial{{}, commit, slot, 0, Millis(0), std::nullopt};
    effect(DoSwitch{slot, commit});
    switch (s_.slot(slot).state) {
        case RunState::empty:
            restart_later(slot, commit, Millis(0));
            break;
        case RunState::starting:  // hangs: it may come up better next time
        case RunState::running:   // answers its probes no more
            s_.slot(slot).failures++;
            s_.slot(slot).restart = true;
            stop_run(slot);
            break;
        case RunState::stopping:
            s_.slot(slot).restart = true;
            break;
        case RunState::backoff:
            break;
    }
}

}  // namespace lastgood::core
