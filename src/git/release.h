// Writing a commit's tree to a directory, and bringing it to disk.
#pragma once

#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

GitResult<Released> materialise(const std::string& mirror, const MaterialiseRequest& request);

GitResult<bool> seal(const std::string& directory);

}  // namespace lastgood::git
