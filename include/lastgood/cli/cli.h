// The command `lastgood`: one verb for each thing it does. See docs/commands.md.
#pragma once

#include <functional>
#include <string>

#include "lastgood/config/config.h"

namespace lastgood::cli {

// The daemon, which the command knows only by this: runs until it is told to stop, returns the exit
// code. `program` is the path of this binary.
using Daemon = std::function<int(const config::Config& config, const std::string& program)>;

// Writes to stdout and stderr; returns the exit code (src/cli/exit_code.h).
int run(int argc, char** argv, const Daemon& daemon);

}  // namespace lastgood::cli
