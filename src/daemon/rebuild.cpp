#include "daemon/rebuild.h"

#include <algorithm>
#include <filesystem>

#include "lastgood/base/sys/files.h"
#include "lastgood/process/process_tree.h"

namespace lastgood::daemon {
namespace {

std::optional<CommitId> release_of(const AppPaths& paths) {
    std::error_code failure;
    const auto target = std::filesystem::read_symlink(paths.current(), failure);
    const auto commit = CommitId::parse(target.filename().string());
    if (failure || !commit || !sys::is_directory(paths.release(*commit))) return std::nullopt;
    return commit;
}

// Any other folder may be half-made: as such it is known from now on, and goes.
Expected<void> register_releases(Site& site, const AppName& app, const AppPaths& paths,
                                 const CommitId& whole) {
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(paths.releases(), failure)) {
        const auto commit = CommitId::parse(entry.path().filename().string());
        if (!commit) continue;
        if (auto begun = site.journal.begin_release(app, *commit); !begun) return begun;
    }
    return site.journal.release_built(app, whole, {});
}

}  // namespace

Expected<Rebuilt> rebuild(Site& site, const AppName& app, const process::TokensInSight& seen) {
    const AppPaths paths(site.config.state_dir, app);
    Rebuilt rebuilt;
    rebuilt.left = process::runs_of(seen, site.config.runtime_dir, app);
    core::AppState& state = rebuilt.state;
    // No run of this daemon may carry the mark of one of those.
    for (const RunId run : rebuilt.left) state.runs = std::max(state.runs, run.value);
    std::vector<core::Record> records;
    if (const auto commit = release_of(paths)) {
        if (auto known = register_releases(site, app, paths, *commit); !known) return known.error();
        state.live = commit;
        state.good = {*commit};
        records.emplace_back(core::BecameGood{*commit});
        site.log.warn(app.str(),
                      "goes on with commit " + commit->short_hex() + ", which users had last");
    }
    if (auto saved = site.journal.save(app, state, records, wall_now()); !saved) {
        return saved.error();
    }
    return rebuilt;
}

}  // namespace lastgood::daemon
