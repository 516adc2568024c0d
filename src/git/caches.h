// Folders that builds fill, such as node_modules, carried from release to release while the file
// that they go by (its lock file) is the same. Copied, never shared: what one release does to its
// cache is not seen by another.
#pragma once

#include <string>
#include <vector>

#include "git/release_index.h"
#include "git/release_writer.h"

namespace lastgood::git {

struct CacheSource {
    const ReleaseFolder* folder = nullptr;  // of the older release
    const ReleaseIndex* index = nullptr;
    std::optional<ReleaseOwner> owner{};  // as whom it is read and written
};

// `ground`: the index of what was in `folder` before, null for nothing. `older`: its index may be
// null, then only folders without a key come from there. Answers notes for the log. A cache that
// can't be carried on is no failure: builds make it anew.
std::vector<std::string> carry_caches(const ReleaseFolder& folder,
                                      const std::vector<config::CacheFolder>& caches,
                                      const std::vector<TreeFile>& files,
                                      const ReleaseIndex* ground, const CacheSource& older);

}  // namespace lastgood::git
