// The mirror as seen from a release's directory: that directory is its work tree, and attributes
// (line endings, idents) are the commit's own, as they are for git in a clone.
#pragma once

#include <string>
#include <vector>

#include "git/tree_walk.h"

namespace lastgood::git {

// A handle of its own; nothing of it is written to the mirror. The directory must exist.
GitResult<RepositoryPtr> open_release_view(const std::string& mirror, const std::string& directory,
                                           const std::vector<TreeFile>& attributes);

}  // namespace lastgood::git
