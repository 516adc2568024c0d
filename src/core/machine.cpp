#include "lastgood/core/machine.h"

#include <algorithm>
#include <utility>

#include "core/machine_impl.h"

namespace lastgood::core {

Step step(const Settings& settings, const AppState& state, const Event& event,
          const Context& context) {
    Machine machine(settings, state, context);
    std::visit([&machine](const auto& happened) { machine.on(happened); }, event);
    return machine.take();
}

bool is_taken_over(const Settings& settings, const AppState& state, Slot slot) {
    const SlotState& run = state.slot(slot);
    if (run.state == RunState::running) return true;
    if (run.state != RunState::starting) return false;
    if (slot == state.active) return run.commit == state.live;
    // What is started there while a release is being deployed is that release.
    const bool alone = state.slot(state.active).state == RunState::empty;
    return state.work && state.work->phase == Phase::starting && (settings.two_slots || alone);
}

Machine::Machine(const Settings& settings, const AppState& state, const Context& context)
    : settings_(settings), context_(context), s_(step_.next) {
    s_ = state;
    step_.next_deployment_id = context.next_deployment_id;
    // So that whatever is stored next knows of it: the probation survives the daemon's death.
    if (s_.trial && s_.trial->since) {
        just_ran_ = std::max(Millis(0), context.now - *s_.trial->since);
        s_.trial->ran += just_ran_;
        s_.trial->since = context.now;
    }
}

void Machine::accept(std::string decision, std::string reason, DeploymentId id) {
    step_.answer = Answer{true, std::move(decision), std::move(reason), id};
}

void Machine::refuse(std::string reason) {
    step_.answer = Answer{false, "ignored", std::move(reason), {}};
}

DeploymentId Machine::new_id() {
    return DeploymentId{step_.next_deployment_id++};
}

Deployment Machine::queue(Request request) {
    Deployment deployment;
    deployment.id = new_id();
    deployment.commit = request.commit;
    deployment.request = std::move(request);
    record(DeploymentQueued{deployment.id, deployment.request});
    return deployment;
}

void Machine::end(DeploymentId id, Outcome outcome, std::string reason) {
    if (!id) return;  // a trial that no deployment waits for
    record(DeploymentEnded{id, outcome, std::move(reason)});
}

void Machine::put_in_quarantine(const CommitId& commit, const std::string& reason) {
    s_.quarantine[commit] = reason;
    if (LASTGOOD_MUTANT(quarantine_not_recorded, true, false)) record(Quarantined{commit, reason});
}

// Good or not, it has to become good anew before it proves anything to other apps.
void Machine::free_of_quarantine(const CommitId& commit) {
    if (s_.quarantine.erase(commit) == 0) return;
    s_.freed.insert(commit);
    record(Unquarantined{commit});
}

void Machine::become_good(const CommitId& commit) {
    s_.freed.erase(commit);
    std::erase(s_.good, commit);
    s_.good.insert(LASTGOOD_MUTANT(good_out_of_order, s_.good.begin(), s_.good.end()), commit);
    s_.failed = false;
    record(BecameGood{commit});
    end_alarm(commit);
    effect(Prune{});
}

bool Machine::is_current(RunId run, Slot slot) const {
    return s_.slot(slot).state != RunState::empty && s_.slot(slot).run == run;
}

bool Machine::is_on_the_way(const CommitId& commit) const {
    return (s_.waiting && s_.waiting->commit == commit) || (s_.work && s_.work->commit == commit);
}

// Users who are back on it only until a newer release has its next try are to stay, if it is wanted
// again.
bool Machine::is_live_to_stay(const CommitId& commit) const {
    return s_.live == commit && !s_.failed && (!s_.trial || s_.trial->commit == commit);
}

// What was taken over runs on; each other thing that was meant to run is started, and the work asks
// for its step again.
void Machine::on(const DaemonStarted& event) {
    step_.urgent = true;
    const AppState left = s_;
    for (const Slot slot : kSlots) {
        const auto& since = event.running_since[index(slot)];
        if (since && is_taken_over(settings_, left, slot)) {
            s_.slot(slot).started = *since;
        } else {
            empty(slot);
        }
    }
    s_.crashes_after_good.clear();
    if (s_.trial) s_.trial->since.reset();
    // Nobody knows when it ended.
    const bool ended = s_.trial && s_.slot(s_.trial->slot).state == RunState::empty;
    if (ended) s_.trial->ran -= just_ran_;
    if (s_.trial && LASTGOOD_MUTANT(crashes_forgotten, false, true)) s_.trial->crashes = 0;
    if (s_.trial && LASTGOOD_MUTANT(probation_starts_over, false, true)) s_.trial->ran = {};
    // The config had two slots before: the one that is left is for the release on trial.
    if (!settings_.two_slots && s_.trial && s_.trial->slot != s_.active) {
        s_.active = s_.trial->slot;
        s_.live = s_.trial->commit;
    }
    const bool starting = s_.work && s_.work->phase == Phase::starting;
    // Without two slots the old release had stopped for the new one; and one that is being rolled
    // back from isn't started again.
    const bool leave_live =
        starting && s_.live && (!settings_.two_slots || s_.is_quarantined(*s_.live));
    // The sockets are new: users must find the slot that they had.
    if (s_.live) effect(DoSwitch{s_.active, *s_.live});
    resume_taken_over();
    const bool gone = s_.slot(s_.active).state == RunState::empty;
    if (gone && !leave_live && !serve_live()) return;
    if (LASTGOOD_MUTANT(recovery_skips_work, s_.work.has_value(), false)) {
        if (starting) {
            if (!is_work_run(work_slot())) begin_starting();
        } else if (s_.work->phase == Phase::building) {
            begin_building();
        } else {
            begin_work(*std::exchange(s_.work, std::nullopt));
        }
    } else {
        next_work();
    }
    start_beside_live();
}

void Machine::resume_taken_over() {
    const Slot standby = other(s_.active);
    if (s_.serves(standby)) {
        if (LASTGOOD_MUTANT(taken_over_left_alone, !settings_.two_slots || !s_.trial, false)) {
            stop_run(standby);
        } else if (!s_.serves(s_.active)) {
            back_to_warm(standby);  // the release on trial ended meanwhile
        }
    }
    if (!s_.serves(s_.active)) return;
    if (s_.trial && s_.trial->slot == s_.active) trial_runs(true);
    watch_live();
}

// With a trial: its release's next try, unseen; or the way back, to be warm.
void Machine::start_beside_live() {
    if (!s_.trial || s_.stopped || s_.slot(other(s_.active)).state != RunState::empty) return;
    if (s_.trial->slot != s_.active) {
        start_run(s_.trial->slot, s_.trial->commit);  // its next try, unseen
    } else if (settings_.two_slots && settings_.keep_previous && !s_.work) {
        const auto warm = rollback_target(s_, s_.trial->commit);
        if (warm) start_run(other(s_.active), *warm);
    }
}

void Machine::on(const TimerFired& event) {
    switch (event.kind) {
        case TimerKind::fetch_retry:
            if (s_.work && s_.work->phase == Phase::fetching) {
                begin_work(*std::exchange(s_.work, std::nullopt));
            }
            return;
        case TimerKind::restart_blue:
        case TimerKind::restart_green: {
            const Slot slot = event.kind == TimerKind::restart_blue ? Slot::blue : Slot::green;
            const SlotState& state = s_.slot(slot);
            if (state.state == RunState::backoff) {
                step_.urgent = true;
                start_run(slot, CommitId(*state.commit));
            }
            return;
        }
        case TimerKind::probation:
            end_of_probation();
            return;
        case TimerKind::settled:
            settled();
            return;
    }
}

}  // namespace lastgood::core
