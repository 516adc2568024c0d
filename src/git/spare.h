// The spare: an old release that retention had no more use for, kept as the ground of the next one.
//
// Most of a new release's files are in it already, so the way from a push to a written release
// costs what changed, on any file system; and nothing is deleted just before a deployment. It lies
// beside the releases, as .spare, with its index; one at most. Nobody runs in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "git/release_index.h"

namespace lastgood::git {

// Makes the spare of the release in `directory`, which isn't there afterwards: what isn't of its
// commit is removed, but for the folders `keep`. False: it can't be one; it is still there.
bool keep_as_spare(const std::string& directory, const std::vector<std::string>& keep);

// Moves the spare to `directory`, which must not exist. Nothing when there is none.
std::optional<ReleaseIndex> take_spare(const std::string& directory);

void remove_spare(const std::string& directory);  // the one beside this release

}  // namespace lastgood::git
