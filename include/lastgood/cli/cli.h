// The command `lastgood`: one verb for each thing it does. See docs/commands.md.
#pragma once

#include <functional>
#include <string>

#include "lastgood/config/config.h"

namespace lastgood::cli {

// The daemon, which the command knows only by this.
struct Daemon {
    // Runs until it is told to stop, returns the exit code. `program` is the path of this binary.
    std::function<int(const config::Config& config, const std::string& program)> serve;
    // The state as one file, and back (lastgood/daemon/archive.h).
    std::function<Expected<void>(const config::Config& config, const std::string& file)>
        export_state;
    std::function<Expected<void>(const config::Config& config, const std::string& file)>
        import_state;
};

// Writes to stdout and stderr; returns the exit code (src/cli/exit_code.h).
int run(int argc, char** argv, const Daemon& daemon);

}  // namespace lastgood::cli
