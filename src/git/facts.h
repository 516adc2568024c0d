// What the mirror knows of commits: presence, kind, ancestry.
#pragma once

#include <optional>
#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

// What a fetch brought of the remote.
struct Upstream {
    const core::Followed* followed;
    std::optional<git_oid> tip;  // of the branch, or of the newest tag; none when it isn't there
    std::string tip_tag;
    std::vector<CommitId> tagged;  // the commits of all tags that are followed
};

bool has_object(git_repository& mirror, const CommitId& id);

// Fails where history can't be read.
GitResult<FetchResult> gather_facts(git_repository& mirror, const Upstream& upstream,
                                    const FetchRequest& request);

// Reads all commits and the trees of all refs: false when something is missing or broken.
bool mirror_is_whole(const std::string& mirror);
bool mirror_is_whole(git_repository& mirror);

}  // namespace lastgood::git
