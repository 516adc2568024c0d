// What a config that is good by itself lacks on this machine: the daemon must be able to use it.
#pragma once

#include <vector>

#include "lastgood/config/load.h"

namespace lastgood::cli::diagnosis {

// None where it can't be told as whom the daemon runs. Where we are root this process has the
// daemon's rights ever after.
std::vector<config::Fault> faults_of_daemon(const config::Config& config, bool default_config);

}  // namespace lastgood::cli::diagnosis
