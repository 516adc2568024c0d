#include "lastgood/core/retention_policy.h"

#include <algorithm>

namespace lastgood::core {

std::vector<CommitId> releases_to_remove(const AppState& state, const std::vector<CommitId>& kept,
                                         int keep_releases) {
    std::set<CommitId> needed;
    int good = 0;
    for (const auto& commit : state.good) {
        if (state.is_quarantined(commit)) continue;
        // One more than the live one at least: there must be a way back.
        if (good < std::max(keep_releases, 2)) needed.insert(commit);
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
        if (!needed.contains(commit)) remove.push_back(commit);
    }
    return remove;
}

}  // namespace lastgood::core
