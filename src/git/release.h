// Writing a commit's tree to a directory, and bringing it to disk.
#pragma once

#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

// The remote is asked only for submodules and for what git lfs keeps.
GitResult<Released> materialise(const Remote& remote, const MaterialiseRequest& request);

GitResult<bool> seal(const std::string& directory);

}  // namespace lastgood::git
