// What the mirror knows of commits: presence, kind, ancestry.
#pragma once

#include <optional>
#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

bool has_object(git_repository& mirror, const CommitId& id);

// `tip`: of the branch, none when it isn't there. Fails where history can't be read.
GitResult<FetchResult> gather_facts(git_repository& mirror, const std::optional<git_oid>& tip,
                                    const FetchRequest& request);

// Reads all commits and the trees of all refs: false when something is missing or broken.
bool mirror_is_whole(const std::string& mirror);

}  // namespace lastgood::git
