// A commit's own lastgood.yaml.
#pragma once

#include "git/libgit2.h"

namespace lastgood::git {

// No settings where the rules allow none or the tree has no such file. A file with faults is an
// error, and for good: the commit has to be mended.
GitResult<config::RepositorySettings> read_settings(git_repository& mirror, const git_oid& tree,
                                                    const config::RepositoryRules& rules);

}  // namespace lastgood::git
