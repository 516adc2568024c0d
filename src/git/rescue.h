// Nothing a person typed is lost: edits of tracked files in a release become a commit before the
// release's directory goes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "git/libgit2.h"
#include "git/protocol.h"

namespace lastgood::git {

// Compares the directory's tracked files with the commit. Changed content, kind or executable bit
// is an edit; a missing file is none, nor are untracked ones. Answers "ID (n files)" of the commit
// made under refs/lastgood/rescued/COMMIT-TIME, or nothing when nothing was edited.
GitResult<std::optional<std::string>> rescue_edits(const std::string& mirror,
                                                   const CommitId& commit,
                                                   const std::string& directory);

// Rescues, removes the directories and the releases' refs. Goes on after a failure and reports the
// first one at the end; a release whose edits can't be saved stays.
GitResult<std::vector<std::string>> remove_releases(const Remote& remote,
                                                    const RemoveRequest& request);

}  // namespace lastgood::git
