// What a release is run with: command line, folder, environment.
//
// The snapshot that the journal keeps for each release holds the command and the *names* of its
// environment, so that a rollback also goes back to the release's own command line; values come
// from today's config and files, so that no secret is in the database and a rotated one is used.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/config/config.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {

struct RunSnapshot {
    std::vector<std::string> argv;
    std::string workdir;
    std::string env_file;
    std::vector<std::string> env_names;  // of the config's `env`
    bool preload = false;                // `adopt: preload`
    std::string previous{};              // the commit that users had before it; empty: none
};

RunSnapshot snapshot_of(const config::App& app);
std::string encode_snapshot(const RunSnapshot& snapshot);
Expected<RunSnapshot> decode_snapshot(const std::string& text);

// The variables that tell a command what it is run for.
struct Occasion {
    std::string commit;
    std::string previous;
    std::string release;  // directory
    std::string trigger;
};

// The commit that users had before this one when it ran; empty: none, or it never ran.
std::string previous_of(store::Journal& journal, const AppName& app, const CommitId& commit);

// With the trigger of the commit's newest deployment.
Occasion occasion_of(store::Journal& journal, const AppName& app, const CommitId& commit,
                     std::string previous, std::string release);

// PATH, HOME, LANG and TZ of the daemon, then env_file, then the config's env, then LASTGOOD_*.
// HOME, USER, LOGNAME and SHELL are those of `as`, where that is another user than the daemon's.
Expected<std::vector<std::string>> environment(
    const config::App& app, const RunSnapshot& snapshot, const Occasion& occasion,
    const std::optional<sys::Identity>& as = std::nullopt);

}  // namespace lastgood::daemon
