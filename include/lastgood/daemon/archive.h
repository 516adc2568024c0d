// The state as one file: to be kept elsewhere, or to go on with on another machine.
//
// A tar archive with gzip: the database as of one moment, and of each app its releases and the link
// `current`. Mirrors are fetched again; logs stay. Written and read by tar(1), which must be there.
#pragma once

#include <string>

#include "lastgood/base/error.h"
#include "lastgood/config/config.h"

namespace lastgood::daemon {

// Also while the daemon runs. `file` is whole, or isn't there; only its owner may read it.
Expected<void> export_state(const config::Config& config, const std::string& file);

// Not while a daemon runs, and only where there is no state yet. An archive of a newer lastgood
// whose database this one doesn't know is refused, and nothing is left of it.
Expected<void> import_state(const config::Config& config, const std::string& file);

}  // namespace lastgood::daemon
