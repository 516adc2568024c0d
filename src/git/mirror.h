// The app's bare mirror: opened under a lock of our own, so that every lock found in it is stale.
//
// Refs in it, where several apps share it with APP/ before ID: refs/lastgood/upstream/heads/BRANCH
// or tags/TAG (the remote's last state), releases/ID (keeps a
// release's objects), modules/ID/… (those of its submodules), rescued/ID-TIME (edits found in a
// release), asked/ID (while judging).
#pragma once

#include <string>

#include "git/libgit2.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::git {

constexpr const char* kUpstreamRefs = "refs/lastgood/upstream/";
constexpr const char* kReleaseRefs = "refs/lastgood/releases/";
constexpr const char* kRescuedRefs = "refs/lastgood/rescued/";
constexpr const char* kModuleRefs = "refs/lastgood/modules/";
constexpr const char* kAskedRefs = "refs/lastgood/asked/";

// What keeps a release's objects, and those of its submodules (a prefix).
std::string release_ref(const Remote& remote, const CommitId& commit);
std::string module_refs(const Remote& remote, const CommitId& commit);

// Held until destroyed. Whoever writes refs or fetches holds it.
class MirrorLock {
  public:
    // Makes the mirror's directory when missing, waits at most kMirrorLockWaitMax, then removes
    // what a killed git left behind.
    static Expected<MirrorLock> take(const std::string& mirror);

  private:
    explicit MirrorLock(sys::Fd fd) : fd_(std::move(fd)) {}
    sys::Fd fd_;
};

// Opens the mirror and makes it where there is none. The lock must be held when it may be missing.
GitResult<RepositoryPtr> open_mirror(const std::string& mirror);

// Puts a damaged mirror aside (MIRROR.damaged-TIME, kept: it may hold rescued edits).
Expected<void> move_mirror_aside(const std::string& mirror);

GitResult<bool> set_ref(git_repository& mirror, const std::string& name, const git_oid& target);
GitResult<bool> delete_ref(git_repository& mirror, const std::string& name);  // may be missing
void delete_refs_below(git_repository& mirror, const std::string& prefix);
std::optional<git_oid> read_ref(git_repository& mirror, const std::string& name);

// Deletes refs of what no app follows any more ("a" would be in the way of "a/b") but `keep`, and
// all that was asked for.
void delete_other_upstreams(git_repository& mirror, const std::string& keep,
                            const std::vector<core::Followed>& others);

}  // namespace lastgood::git
