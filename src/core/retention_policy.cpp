#include "lastgood/core/retention_policy.h"

#include <algorithm>

#include "lastgood/base/mutant.h"

namespace lastgood::core {

std::vector<CommitId> releases_to_remove(const AppState& state, const std::vector<CommitId>& kept,
                                         int keep_releases) {
    std::set<CommitId> needed;
    int good = 0;
    for (const auto& commit : state.good) {
        if (LASTGOOD_MUTANT(retention_counts_bad, state.is_quarantined(commit), false)) continue;
        // One more than the live one at least: there must be a way back.
        if (good < LASTGOOD_MUTANT(retention_of_last_good, std::max(keep_releases, 2), 1))
            needed.insert(commit);
        ++good;
    }
    if (state.live) needed.insert(*state.live);
    if (state.trial) needed.insert(state.trial->commit);
    if (state.work && state.work->commit) needed.insert(*state.work->commit);
    for (const auto& slot : state.slots) {
        if (slot.commit) needed.insert(*slot.commit);
    }
    std::vector<CommitId> remove;
    for (const auto& commit : kept) {
        if (LASTGOOD_MUTANT(retention_without_end, !needed.contains(commit), false))
            remove.push_back(commit);
    }
    return remove;
}

}  // namespace lastgood::core
