// All of git's work for the daemon, done in a child process: `lastgood git-worker`.
//
// A hostile or huge repository costs the worker, never the daemon; a deadline is met by killing its
// process group. One session serves one deployment or one look at the remote: requests go down its
// stdin as JSON lines, answers come back on stdout; when the daemon dies the worker ends, and its
// git child with it. On the loop's thread; callbacks come deferred, never after the Session is
// destroyed (which kills the worker).
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/finding.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/config/config.h"
#include "lastgood/config/repository.h"

namespace lastgood::git {

struct Remote {
    std::string url;
    core::Followed followed;
    config::RepoAuth auth;
    config::Transport transport = config::Transport::automatic;
    std::string mirror;  // apps/APP/repo.git, made when missing
    // Where several apps share a mirror: what the others follow, whose refs stay; and the app that
    // its releases' refs are named after.
    std::vector<core::Followed> others{};
    std::string owner{};
    std::optional<int> depth{};  // of the history that is fetched; none: all
    Millis fetch_timeout = limits::kFetchTimeDefault;
};

// What is known of one commit after a fetch.
struct CommitFacts {
    CommitId id;                         // of a tag object: what it points at
    bool present = false;                // the mirror has it
    bool is_commit = false;              // false with present: a tree or a blob
    bool on_ref = false;                 // on the branch; or a tag that is followed names it
    bool ancestor_of_live = false;       // a strict ancestor of `live`
    bool descends_from_live = false;     // strictly
    std::vector<bool> ancestor_of = {};  // of candidate i of the request, strictly
    bool paths_changed = true;           // among the request's paths, since `live`
    bool skip_asked = false;             // its message says [skip deploy]
};

struct FetchRequest {
    std::vector<CommitId>
        candidates;  // the wanted one first, then those it superseded; may be empty: the tip
    std::optional<CommitId> live;
    std::vector<std::string> paths{};      // patterns; empty: all
    config::RepositoryRules repository{};  // whether the commits say themselves which paths count
    // A fetch of the same ref that another app began later than this is as good.
    Instant asked{};
};

struct FetchResult {
    std::optional<CommitId> tip;     // none: the branch isn't there, or no tag
    std::string tip_tag;             // where tags are followed
    bool live_known = false;         // the mirror has `live`
    std::vector<CommitFacts> facts;  // one per candidate; for none: one for the tip
};

// What a fetch brought so far; 0: not known (yet).
struct FetchProgress {
    std::uint64_t objects = 0;
    std::uint64_t objects_total = 0;
    std::uint64_t bytes = 0;
};

struct CommitText {
    std::string subject;
    std::string author;  // "Name <mail>"
};

// A failure with what to do about it; `permanent` failures are no use to try again (bad URL, a tree
// that is refused), others are (network).
struct GitError {
    Error error;
    bool permanent = false;
};

template <typename T>
struct GitResult {
    std::optional<T> value;
    GitError error;  // meaningful without a value
};

struct Released {
    CommitText text;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;                   // of what was written
    std::uint64_t written = 0;                 // files that were not taken from an older release
    std::vector<std::string> notes = {};       // for the log: a cache that wasn't carried on, say
    config::RepositorySettings settings = {};  // of the commit's own lastgood.yaml
};

// Whose a release is made, where that isn't the daemon's user.
struct ReleaseOwner {
    uid_t uid = 0;
    gid_t gid = 0;
};

struct MaterialiseRequest {
    CommitId commit;
    std::string directory;  // made fresh; what was there is removed first
    // A release to take what didn't change and the caches from; none: nothing is taken.
    std::optional<std::pair<CommitId, std::string>> previous{};
    bool submodules = false;
    bool export_ignore = false;
    config::Materialise way = config::Materialise::automatic;
    std::vector<config::CacheFolder> caches{};
    config::RepositoryRules repository{};
    // With `link` the folders only: the files stay the daemon's, for the group to read.
    std::optional<ReleaseOwner> owner{};
};

struct RemoveRequest {
    std::vector<std::pair<CommitId, std::string>> releases;  // commit and directory
    // One of them stays as the ground of the next release, these folders of it as they are.
    bool keep_spare = false;
    std::vector<std::string> keep_folders{};
};

struct VerifyRequest {
    CommitId commit;
    std::optional<CommitId>
        since;  // with verify.all: commits that are reachable from it are trusted
    config::Verify verify;
};

class Session {
  public:
    // `program`: the lastgood binary. Nothing is started before the first request.
    static std::unique_ptr<Session> open(sys::EventLoop& loop, sys::Reaper& reaper,
                                         std::string program, Remote remote);
    virtual ~Session() = default;

    // Told now and then while a fetch takes its time; it must not destroy the session.
    virtual void on_progress(std::function<void(const FetchProgress&)> told) = 0;

    // One request at a time.
    virtual void list_tip(std::function<void(GitResult<std::optional<CommitId>>)> done) = 0;
    virtual void fetch(FetchRequest request, std::function<void(GitResult<FetchResult>)> done) = 0;
    // Are the commits signed as they must be? An Error names the commit, the key and the mend.
    virtual void verify(const VerifyRequest& request,
                        std::function<void(GitResult<bool>)> done) = 0;
    // Writes the tree of the commit to a directory, refuses hostile trees, protects the commit by a
    // ref of its own (refs/lastgood/releases/ID).
    virtual void materialise(const MaterialiseRequest& request,
                             std::function<void(GitResult<Released>)> done) = 0;
    // syncfs(2) of the directory: what the build wrote survives a power cut.
    virtual void seal(const std::string& directory, std::function<void(GitResult<bool>)> done) = 0;
    // Removes release directories and their refs; saves edits of tracked files first, as a commit
    // under refs/lastgood/rescued/COMMIT-TIME. Answers the rescued commits' ids.
    virtual void remove_releases(const RemoveRequest& request,
                                 std::function<void(GitResult<std::vector<std::string>>)> done) = 0;
    // Packs the mirror where that is due, with the lowest priority. Answers its size in bytes. To
    // be ended at any time.
    virtual void maintain(std::function<void(GitResult<std::uint64_t>)> done) = 0;
    // What would keep the next fetch from working, and what the mirror is like. Neither the remote
    // nor the mirror is changed: what must be written goes to `scratch`, an empty folder.
    virtual void examine(const std::string& scratch,
                         std::function<void(GitResult<std::vector<Finding>>)> done) = 0;
};

// Settings as text, to be kept with a release; empty where there are none.
std::string encode_settings(const config::RepositorySettings& settings);
Expected<config::RepositorySettings> decode_settings(const std::string& text);

// The worker's main; reads requests from stdin until its end. Returns the exit code.
int worker_main();

}  // namespace lastgood::git
