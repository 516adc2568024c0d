// The mirror's upkeep.
#pragma once

#include "lastgood/git/session.h"

namespace lastgood::git {

// Lets `git maintenance` pack the mirror where git finds that due (without git nothing is done) and
// answers its size. From here on the process has the lowest priority, also at the disk.
GitResult<std::uint64_t> maintain(const Remote& remote);

// Of the regular files below; a link to another folder counts as that one.
std::uint64_t folder_bytes(const std::string& folder);

}  // namespace lastgood::git
