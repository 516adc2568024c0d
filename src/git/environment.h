// The environments of the worker and of git: made from nothing, so that no setting of the daemon's
// surroundings changes what is fetched or where from.
#pragma once

#include <string>
#include <vector>

#include "git/credentials.h"

namespace lastgood::git {

// PATH HOME LANG TZ, and what leads to the remote: the ssh agent, certificate authorities, proxies.
std::vector<std::string> worker_environment();

// For the git command. Every setting goes through it: a command line is public.
std::vector<std::string> git_environment(const Access& access);

// For programs that judge what is here already and reach nobody: PATH HOME LC_ALL, and TZ, in which
// the times of an allowed_signers file are meant.
std::vector<std::string> local_environment();

bool is_installed(const std::string& program);  // in PATH
bool git_is_installed();

}  // namespace lastgood::git
