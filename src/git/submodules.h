// A commit's submodules, laid into its release as if they were folders of the commit.
#pragma once

#include <string>

#include "git/credentials.h"
#include "git/tree_walk.h"

namespace lastgood::git {

// The address of a submodule as .gitmodules of a repository at `base` has it: one that begins with
// ./ or ../ is relative to it, as git reads them.
std::string submodule_address(const std::string& base, const std::string& written);

// Fetches what `survey` (of `commit`) has submodules for into the mirror, and adds their files to
// it, submodules of submodules too. The remote's token goes to its own host alone; a local path is
// taken only where the remote is one. What was fetched is kept by refs/lastgood/modules/COMMIT/ID,
// which go with the release.
GitResult<bool> add_submodules(const Access& access, git_repository& mirror, const CommitId& commit,
                               TreeSurvey& survey);

}  // namespace lastgood::git
