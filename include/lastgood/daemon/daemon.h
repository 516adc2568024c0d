// The daemon: everything wired together on one event loop.
#pragma once

#include <string>

#include "lastgood/config/config.h"

namespace lastgood::daemon {

// Runs until SIGTERM or SIGINT, then stops the apps and returns the exit code. `program` is the
// path of the lastgood binary, for the processes that it starts. What keeps it from starting is
// told on stderr: exit code 1.
int serve(const config::Config& config, const std::string& program);

}  // namespace lastgood::daemon
