// The command `lastgood`: one verb for each thing it does. See docs/commands.md.
#pragma once

namespace lastgood::cli {

// Writes to stdout and stderr; returns the exit code (src/cli/exit_code.h).
int run(int argc, char** argv);

}  // namespace lastgood::cli
