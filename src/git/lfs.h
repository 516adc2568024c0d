// What git lfs keeps outside the repository: the commit has pointers, a release has the content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/tree_walk.h"

namespace lastgood::git {

struct LfsPointer {
    std::string oid;  // SHA-256, 64 hex digits
    std::uint64_t bytes = 0;
};

// As git-lfs's specification has them; nothing for other text.
std::optional<LfsPointer> parse_lfs_pointer(std::string_view text);

// Most repositories don't use it: then no file's attributes need to be asked for.
bool mentions_lfs(git_repository& mirror, const std::vector<TreeFile>& attributes);

// Where git lfs keeps an object of this mirror.
std::string lfs_object_path(const std::string& mirror, const LfsPointer& pointer);

// Is this path one that git lfs keeps (filter=lfs)? `view`: see release_view.h.
bool is_kept_by_lfs(git_repository& view, const std::string& path);

// Brings what the pointers of the commit stand for into the mirror's lfs folder, by the git-lfs
// command. An Error where that isn't installed, or the remote hasn't got it: a pointer is never
// written in place of a file.
GitResult<bool> fetch_lfs_objects(const Remote& remote, const MaterialiseRequest& request,
                                  git_repository& mirror, const TreeSurvey& survey);

}  // namespace lastgood::git
