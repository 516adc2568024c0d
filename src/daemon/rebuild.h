// What an app goes on with when the journal knows nothing of it any more: the release that the link
// `current` names, which users had last.
#pragma once

#include <vector>

#include "daemon/site.h"
#include "lastgood/process/process_tree.h"

namespace lastgood::daemon {

struct Rebuilt {
    core::AppState state;
    std::vector<RunId> left;  // of earlier daemons, whose processes may still be there
};

// Writes it into the journal. Without such a release the app is as new. `seen`: of what runs now.
Expected<Rebuilt> rebuild(Site& site, const AppName& app, const process::TokensInSight& seen);

}  // namespace lastgood::daemon
