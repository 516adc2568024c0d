// What must hold of an app's state by itself, whatever happened.
#pragma once

#include <set>
#include <string>

#include "lastgood/core/app_state.h"

namespace lastgood::core {

namespace detail {

inline std::string broken_slot_rule(const AppState& state, Slot which) {
    const SlotState& slot = state.slot(which);
    const bool empty = slot.state == RunState::empty;
    if (empty != !slot.commit) return "a slot has a commit unless it is empty";
    if (empty && slot.restart) return "nothing is restarted in an empty slot";
    if (slot.restart && slot.state != RunState::stopping) return "only what stops is restarted";
    if (!empty && !slot.run) return "a run has a number";
    if (slot.failures < 0) return "failures are counted from nothing";
    return {};
}

inline std::string broken_work_rule(const AppState& state) {
    if (state.waiting && !state.work) return "a request waits though nothing is under way";
    if (state.waiting && state.waiting->phase != Phase::queued) return "what waits is queued";
    if (!state.work) return {};
    const Deployment& work = *state.work;
    if (!work.id) return "work has a number";
    if (work.phase == Phase::queued || work.phase == Phase::probation) {
        return "work is between the queue and the switch";
    }
    if (work.phase != Phase::fetching && !work.commit) return "after fetching the commit is known";
    if (state.waiting && state.waiting->id == work.id) return "a deployment is in one place";
    if (state.stopped) return "nothing is deployed while the app is stopped";
    if (is_way_back(work.request.trigger) && work.phase != Phase::starting) {
        return "a way back is started at once";
    }
    return {};
}

inline std::string broken_trial_rule(const AppState& state) {
    if (!state.trial) return {};
    const Trial& trial = *state.trial;
    if (!state.live) return "with a trial something is live";
    if (trial.deployment && state.is_quarantined(trial.commit)) {
        return "no release on trial is in quarantine";
    }
    if (trial.slot == state.active && state.live != trial.commit) {
        return "the release on trial is live where its slot has the users";
    }
    const SlotState& slot = state.slot(trial.slot);
    if (trial.since && slot.state != RunState::running) return "the probation's clock needs a run";
    if (trial.since && trial.slot != state.active) return "the probation's clock needs users";
    if (state.work && state.work->id == trial.deployment) return "a deployment is in one place";
    if (trial.crashes < 0 || trial.ran < Millis(0)) return "a trial counts from nothing";
    if (!trial.deployment && !state.failed) return "what is kept restarting has failed";
    return {};
}

// What may be in the slot that users are not in.
inline std::string broken_standby_rule(const AppState& state) {
    const SlotState& standby = state.slot(other(state.active));
    const bool starts = standby.state == RunState::starting;
    if (state.work && state.work->phase == Phase::starting) {
        if (state.trial && state.trial->slot != state.active) {
            return "a release that waits for its next try gives way to one that is started";
        }
        const bool others = starts && standby.commit != state.work->commit;
        if (others || standby.state == RunState::running || standby.state == RunState::backoff) {
            return "the slot of a release that is started is its own";
        }
        return {};
    }
    if (!state.trial && (starts || standby.state == RunState::backoff) &&
        standby.commit != state.live) {
        return "without a trial only the live release is started beside itself";
    }
    const bool warm = state.trial && state.trial->slot == state.active;
    if (standby.state == RunState::running && !warm) {
        return "what serves beside the users' release is the way back from a trial";
    }
    return {};
}

}  // namespace detail

// The first rule that is broken; empty: all hold.
inline std::string broken_rule(const AppState& state) {
    for (const Slot slot : kSlots) {
        if (auto broken = detail::broken_slot_rule(state, slot); !broken.empty()) return broken;
    }
    if (auto broken = detail::broken_work_rule(state); !broken.empty()) return broken;
    if (auto broken = detail::broken_trial_rule(state); !broken.empty()) return broken;
    if (auto broken = detail::broken_standby_rule(state); !broken.empty()) return broken;
    const auto& active = state.slot(state.active);
    if (!state.live && (active.commit || state.failed || !state.good.empty())) {
        return "before the first release is live nothing runs for users, failed or is good";
    }
    if (state.live && active.commit && active.commit != state.live) {
        return "the active slot holds the live commit";
    }
    const std::set<CommitId> good(state.good.begin(), state.good.end());
    if (good.size() != state.good.size()) return "a release is good once";
    return {};
}

}  // namespace lastgood::core
