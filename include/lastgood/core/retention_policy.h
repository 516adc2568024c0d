// Which releases to remove (pure). `keep_releases` counts good ones; the rest goes once something
// newer is good. Never: what runs, what is being deployed, the newest `keep` good ones.
#pragma once

#include <set>
#include <vector>

#include "lastgood/core/app_state.h"

namespace lastgood::core {

std::vector<CommitId> releases_to_remove(const AppState& state, const std::vector<CommitId>& kept,
                                         int keep_releases);

}  // namespace lastgood::core
