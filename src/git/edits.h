// Finding what was edited in a release's directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "git/release_index.h"
#include "git/tree_walk.h"

namespace lastgood::git {

// The edited files as they are now, with their content stored as blobs through `view` (see
// release_view.h). The directory may belong to somebody else: no link in it is followed.
// `written`: what the files were like when they were written, where that is known; who is as he was
// then is not read.
GitResult<std::vector<TreeFile>> find_edits(git_repository& view, const git_oid& tree,
                                            const std::string& directory,
                                            const std::optional<ReleaseIndex>& written);

}  // namespace lastgood::git
