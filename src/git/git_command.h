// One run of the git command.
#pragma once

#include <string>
#include <vector>

#include "git/credentials.h"
#include "git/run.h"

namespace lastgood::git {

// Waits for its end; has no deadline of its own, the daemon keeps that.
Expected<ProgramOutput> run_git(const Access& access, std::vector<std::string> arguments);

}  // namespace lastgood::git
