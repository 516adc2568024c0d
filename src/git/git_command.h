// One run of the git command in the worker's own process group: killing the group ends it, too.
#pragma once

#include <string>
#include <vector>

#include "git/credentials.h"

namespace lastgood::git {

struct GitOutput {
    int wait_status = 0;
    std::string out;  // both bounded by kGitOutputBytesMax: the end is kept
    std::string err;
    [[nodiscard]] bool ok() const { return wait_status == 0; }
};

// Waits for its end; has no deadline of its own, the daemon keeps that.
Expected<GitOutput> run_git(const Access& access, std::vector<std::string> arguments);

}  // namespace lastgood::git
