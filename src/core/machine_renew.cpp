// The live release in a fresh process: it grew too large, answers no more, or its hour has come.
#include "core/machine_impl.h"
#include "lastgood/base/limits.h"

namespace lastgood::core {

// A release that is good runs on until the fresh process is ready; one on trial has shown a fault
// of its own. Whoever asked asks again where it is refused.
void Machine::on(const RenewWanted& event) {
    if (s_.stopped || !s_.live) return refuse("it doesn't run");
    if (s_.work && s_.work->phase == Phase::starting) {
        return refuse("another release is being started");
    }
    const bool on_trial = s_.trial && s_.trial->slot == s_.active;
    const bool serves = s_.serves(s_.active);
    // What it is started with has changed: that is no fault of the release.
    if (event.cause == RenewCause::config && (on_trial || !serves)) return on(RestartAsked{});
    if (!serves) return refuse("it doesn't run");
    if (on_trial && s_.trial->deployment) {
        if (event.cause == RenewCause::schedule) return refuse("it is in its probation");
        accept({}, {});
        step_.urgent = true;
        return trial_misbehaved(event.reason);
    }
    const Slot standby = other(s_.active);
    if (is_fresh_run(standby)) {
        accept({}, "its fresh process is being started");
        if (event.cause != RenewCause::config) return;
        return restart_in_place(standby);
    }
    if (settings_.two_slots && s_.slot(standby).state == RunState::stopping) {
        return refuse("the other slot is still being emptied");
    }
    accept({}, {});
    step_.urgent = true;
    const bool planned = event.cause == RenewCause::schedule || event.cause == RenewCause::config;
    tell(planned ? Tone::info : Tone::warn,
         "commit " + s_.live->short_hex() + " gets a fresh process: " + event.reason);
    if (LASTGOOD_MUTANT(renewal_stops_first, start_beside(), false)) return;
    // Its place is needed: with `listen` connections wait in its queue meanwhile.
    if (on_trial) trial_runs(false);
    restart_in_place(s_.active);
}

// A fresh process of the good release in the slot without users, who move when it is ready.
bool Machine::start_beside() {
    const Slot standby = other(s_.active);
    const bool fits = settings_.two_slots && !s_.trial && s_.serves(s_.active) &&
                      s_.slot(standby).state == RunState::empty;
    if (!fits) return false;
    s_.slot(standby).failures = 0;
    start_run(standby, CommitId(*s_.live));
    return true;
}

// Not because it failed: without a pause.
void Machine::restart_in_place(Slot slot) {
    s_.slot(slot).failures = 0;
    stop_run(slot);
    s_.slot(slot).restart = true;
}

// It runs, but counts as crashed.
void Machine::trial_misbehaved(const std::string& reason) {
    Trial& trial = *s_.trial;
    trial_runs(false);
    trial.ran = Millis(0);
    if (LASTGOOD_MUTANT(growth_not_counted, ++trial.crashes, trial.crashes) >=
        settings_.crash_loop.crashes)
        return trial_failed(reason);
    tell(Tone::error, "commit " + trial.commit.short_hex() + " is restarted in its probation (" +
                          std::to_string(trial.crashes) + " of " +
                          std::to_string(settings_.crash_loop.crashes) + "): " + reason);
    const Slot slot = trial.slot;
    const Slot warm = other(slot);
    if (s_.serves(warm)) back_to_warm(warm);
    s_.slot(slot).failures++;
    stop_run(slot);
    s_.slot(slot).restart = true;
}

// The live commit once more, in the slot without users: nothing else brings it there while it runs.
bool Machine::is_fresh_run(Slot slot) const {
    return slot != s_.active && !s_.trial && s_.live && s_.slot(slot).commit == s_.live &&
           s_.slot(slot).state == RunState::starting && !is_work_run(slot);
}

void Machine::renewed(Slot slot) {
    const Slot old = s_.active;
    effect(WatchHealth{old, false});
    back_to_warm(slot);
    watch_live();
    stop_run(old);
}

// Beyond the probation, where the config wants it.
void Machine::watch_live() {
    if (settings_.watch_liveness && !s_.trial) effect(WatchHealth{s_.active, true});
    if (s_.alarm && !s_.trial) effect(SetTimer{TimerKind::settled, settings_.crash_loop.within});
}

void Machine::live_is_deaf(const ProbeFailed& event) {
    if (!settings_.watch_liveness || s_.trial) return;
    // A release that can't be renewed either is not tried at every probe.
    if (event.in_a_row % limits::kProbeFailuresMax != 0) return;
    on(RenewWanted{RenewCause::liveness, "its probe failed " + std::to_string(event.in_a_row) +
                                             " times in a row: " + event.reason});
}

}  // namespace lastgood::core
