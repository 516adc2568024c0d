#include "daemon/mirrors.h"

#include <algorithm>
#include <filesystem>

#include "daemon/site.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::daemon {
namespace {

bool reached_alike(const config::App& a, const config::App& b) {
    return a.repo == b.repo && a.transport == b.transport && a.auth == b.auth && a.depth == b.depth;
}

const config::App& first_alike(const config::Config& config, const config::App& app) {
    for (const auto& other : config.apps) {
        if (reached_alike(other, app)) return other;
    }
    return app;
}

std::string mirror_of(const config::Config& config, const config::App& app) {
    return AppPaths(config.state_dir, app.name).mirror();
}

std::string real_path(const std::string& mirror) {
    std::error_code ignored;
    return std::filesystem::weakly_canonical(mirror, ignored).string();
}

}  // namespace

Expected<Mirrors> link_mirrors(const config::Config& config) {
    for (const auto& app : config.apps) {
        const config::App& first = first_alike(config, app);
        const std::string mirror = mirror_of(config, app);
        std::error_code unknown;
        const bool is_link = std::filesystem::is_symlink(mirror, unknown);
        if (is_link && !std::filesystem::exists(mirror, unknown)) {
            // The app that it led to is gone from the disk.
            if (auto removed = sys::remove_tree(mirror); !removed) return removed.error();
        }
        if (first.name == app.name || sys::exists(mirror)) continue;
        if (auto made =
                sys::make_directories(AppPaths(config.state_dir, first.name).mirror(), 0750);
            !made) {
            return made.error();
        }
        if (auto made = sys::make_directories(AppPaths(config.state_dir, app.name).root, 0750);
            !made) {
            return made.error();
        }
        auto linked = sys::replace_symlink(mirror, "../" + first.name.str() + "/repo.git");
        if (!linked) return linked.error();
    }
    Mirrors mirrors;
    for (const auto& app : config.apps) mirrors[app.name] = real_path(mirror_of(config, app));
    return mirrors;
}

std::string real_mirror(const git::Remote& remote) {
    return real_path(remote.mirror);
}

git::Remote remote_of(const config::Config& config, const Mirrors& mirrors,
                      const config::App& app) {
    const std::string& mirror = mirrors.at(app.name);
    const auto is_shared = [&](const config::App& other) {
        return reached_alike(other, app) && mirrors.at(other.name) == mirror;
    };
    git::Remote remote{app.repo, app.followed, app.auth, app.transport, mirror_of(config, app)};
    remote.depth = app.depth;
    remote.fetch_timeout = app.fetch_timeout;
    // Each once: of hundreds of apps most follow the same, and each app holds this list.
    const auto is_known = [&](const core::Followed& one) {
        return one == app.followed || std::ranges::find(remote.others, one) != remote.others.end();
    };
    for (const auto& other : config.apps) {
        if (other.name == app.name || !is_shared(other)) continue;
        if (!is_known(other.followed)) remote.others.push_back(other.followed);
        remote.owner = app.name.str();
    }
    return remote;
}

}  // namespace lastgood::daemon
