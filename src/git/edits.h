// Finding what was edited in a release's directory.
#pragma once

#include <string>
#include <vector>

#include "git/tree_walk.h"

namespace lastgood::git {

// The edited files as they are now, with their content stored as blobs through `view` (see
// release_view.h). The directory may belong to somebody else: no link in it is followed.
GitResult<std::vector<TreeFile>> find_edits(git_repository& view, const git_oid& tree,
                                            const std::string& directory);

}  // namespace lastgood::git
