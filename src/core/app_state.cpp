#include "lastgood/core/app_state.h"

#include <algorithm>

#include "lastgood/base/mutant.h"

namespace lastgood::core {

bool AppState::is_good(const CommitId& commit) const {
    return std::find(good.begin(), good.end(), commit) != good.end();
}

std::optional<CommitId> rollback_target(const AppState& state,
                                        const std::optional<CommitId>& than) {
    for (const auto& commit : state.good) {
        if (commit != than && LASTGOOD_MUTANT(rollback_to_bad, !state.is_quarantined(commit), true))
            return commit;
    }
    return std::nullopt;
}

bool stands_alone(const AppState& state, Slot slot) {
    const bool judged = state.trial && state.trial->deployment;
    const RunState run = state.slot(slot).state;
    const bool runs = run == RunState::running || run == RunState::starting;
    return state.live && slot == state.active && runs && !state.work && !state.waiting && !judged;
}

bool starts_again(const AppState& state, Slot slot, const CommitId& commit) {
    const SlotState& next = state.slot(slot);
    const bool comes = next.state == RunState::backoff || next.state == RunState::starting;
    return comes && next.commit == commit;
}

std::string_view condition(const AppState& state) {
    if (!state.live) return "empty";
    if (state.stopped) return "stopped";
    if (state.failed) return "failed";
    if (state.slot(state.active).state == RunState::backoff) return "backoff";
    return state.trial ? "probation" : "running";
}

}  // namespace lastgood::core
