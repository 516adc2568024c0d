// Mirrors whose history was cut off (`depth`). libgit2 before 1.7 can't walk them: git does.
#pragma once

#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

bool is_shallow(const std::string& mirror);

// Strictly, as far as the history reaches that is here.
GitResult<bool> shallow_descends(const std::string& mirror, const git_oid& young,
                                 const git_oid& old);

// Every object that its refs need is here.
bool shallow_is_whole(const std::string& mirror);

}  // namespace lastgood::git
