// One run of the git command.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "git/credentials.h"
#include "git/run.h"
#include "lastgood/base/limits.h"

namespace lastgood::git {

// Waits for its end; has no deadline of its own, the daemon keeps that.
Expected<ProgramOutput> run_git(const Access& access, std::vector<std::string> arguments,
                                std::uint64_t file_bytes_max = limits::kPackBytesMax,
                                std::function<bool(std::string_view piece)> on_said = {});

// The same, of a command that looks at the mirror alone and talks to no remote.
Expected<ProgramOutput> run_git_in(const std::string& mirror, std::vector<std::string> arguments);

}  // namespace lastgood::git
