// What became of each proposal, bounded.
#include <algorithm>

#include "core/rollout_step.h"
#include "lastgood/base/mutant.h"

namespace lastgood::core {

bool RolloutStep::is_in_history(const std::string& id) const {
    return std::any_of(keys_.history.begin(), keys_.history.end(),
                       [&](const auto& entry) { return entry.second.value.id == id; });
}

void RolloutStep::record(const Proposal& proposal, std::string decision, std::string reason) {
    put(history_key(app_, ++history_number_),
        FleetEntry{proposal.id, proposal.commit, proposal.trigger, proposal.by, std::move(decision),
                   std::move(reason), proposal.at, ground_.wall});
    if (LASTGOOD_MUTANT(fleet_proposal_left, true, false)) remove(proposal_key(app_, proposal.id));
    const auto oldest = history_number_ - static_cast<std::int64_t>(limits::kFleetHistoryMax);
    if (keys_.history.contains(oldest)) remove(history_key(app_, oldest));
}

// Of the wish.
void RolloutStep::record_end(std::string decision, std::string reason) {
    for (const auto& [number, kept] : keys_.history) {
        if (kept.value.id != wish()->id || kept.value.decision != "wish") continue;
        const std::string key = history_key(app_, number);
        const auto& gone = transaction_.removes;
        if (std::find(gone.begin(), gone.end(), key) != gone.end()) return;
        FleetEntry entry = kept.value;
        entry.decision = std::move(decision);
        entry.reason = std::move(reason);
        entry.decided_at = ground_.wall;
        put(key, std::move(entry));
        return;
    }
}

}  // namespace lastgood::core
