#include "git/mirror.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/time.h"

namespace lastgood::git {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kLockName = "lastgood.lock";

// The lock counts only while the file is the one at the path: the mirror may have been moved aside.
bool is_at(int fd, const std::string& path) {
    struct stat held {};
    struct stat there {};
    return fstat(fd, &held) == 0 && stat(path.c_str(), &there) == 0 &&
           held.st_ino == there.st_ino && held.st_dev == there.st_dev;
}

bool is_litter(const fs::path& file) {
    const std::string name = file.filename().string();
    if (name == kLockName) return false;
    return name.ends_with(".lock") || name.starts_with("tmp_pack_") ||
           name.starts_with("tmp_idx_") || name.starts_with("tmp_rev_") ||
           name.starts_with("tmp_obj_") || name.find("_git2_") != std::string::npos;
}

void remove_litter(const fs::path& folder, bool deep) {
    std::error_code ignored;
    std::vector<fs::path> litter;
    for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
         it.increment(ignored)) {
        std::error_code unknown;
        if (it->is_directory(unknown) && !it->is_symlink(unknown)) {
            if (deep) remove_litter(it->path(), true);
        } else if (is_litter(it->path())) {
            litter.push_back(it->path());
        }
    }
    for (const auto& file : litter) fs::remove(file, ignored);
}

void clean_up(const fs::path& mirror) {
    remove_litter(mirror, false);
    remove_litter(mirror / "refs", true);
    remove_litter(mirror / "objects", false);
    remove_litter(mirror / "objects/info", true);
    remove_litter(mirror / "objects/pack", false);
}

int protect(git_repository& repository) {
    git_config* config = nullptr;
    if (const int code = git_repository_config(&config, &repository); code < 0) return code;
    int code = 0;
    for (const char* name : {"core.protectHFS", "core.protectNTFS"}) {
        int on = 0;
        if (code == 0 && (git_config_get_bool(&on, config, name) < 0 || on == 0)) {
            code = git_config_set_bool(config, name, 1);
        }
    }
    git_config_free(config);
    return code;
}

void delete_refs_that(git_repository& mirror, const std::function<bool(const std::string&)>& go) {
    git_strarray names{nullptr, 0};
    if (git_reference_list(&names, &mirror) < 0) return;
    for (std::size_t i = 0; i < names.count; ++i) {
        if (go(names.strings[i])) git_reference_remove(&mirror, names.strings[i]);
    }
    git_strarray_dispose(&names);
}

}  // namespace

std::string release_ref(const Remote& remote, const CommitId& commit) {
    const std::string owner = remote.owner.empty() ? "" : remote.owner + "/";
    return kReleaseRefs + owner + commit.hex();
}

std::string module_refs(const Remote& remote, const CommitId& commit) {
    const std::string owner = remote.owner.empty() ? "" : remote.owner + "/";
    return kModuleRefs + owner + commit.hex() + "/";
}

Expected<MirrorLock> MirrorLock::take(const std::string& mirror) {
    const std::string path = mirror + "/" + kLockName;
    const Instant until = BootClock::now() + limits::kMirrorLockWaitMax;
    while (true) {
        if (auto made = sys::make_directories(mirror, 0750); !made) return made.error();
        sys::Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        if (!fd) return system_error("could not open " + path, errno);
        if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
            if (!is_at(fd.get(), path)) continue;
            clean_up(mirror);
            return MirrorLock(std::move(fd));
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return system_error("could not lock " + path, errno);
        }
        if (BootClock::now() >= until) {
            return Error{"another git-worker has held " + mirror + " for longer than " +
                             format_duration(limits::kMirrorLockWaitMax),
                         "see with `fuser " + path + "` who holds it"};
        }
        std::this_thread::sleep_for(20ms);  // flock(2) itself has no deadline
    }
}

GitResult<RepositoryPtr> open_mirror(const std::string& mirror) {
    git_repository* repository = nullptr;
    if (!sys::exists(mirror + "/HEAD") && !sys::exists(mirror + "/objects")) {
        git_repository_init_options options;
        git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
        options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
        if (git_repository_init_ext(&repository, mirror.c_str(), &options) < 0) {
            return failed<RepositoryPtr>(libgit2_error("could not make the mirror " + mirror));
        }
    } else if (git_repository_open_bare(&repository, mirror.c_str()) < 0) {
        return failed<RepositoryPtr>(libgit2_error("could not open the mirror " + mirror));
    }
    RepositoryPtr owner(repository);
    if (protect(*owner) < 0) {
        return failed<RepositoryPtr>(libgit2_error("could not configure the mirror " + mirror));
    }
    return succeeded(std::move(owner));
}

Expected<void> move_mirror_aside(const std::string& mirror) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch());
    const std::string aside = mirror + ".damaged-" + std::to_string(seconds.count());
    if (rename(mirror.c_str(), aside.c_str()) != 0) {
        return system_error("could not move the damaged mirror " + mirror + " aside", errno);
    }
    return {};
}

GitResult<bool> set_ref(git_repository& mirror, const std::string& name, const git_oid& target) {
    git_reference* reference = nullptr;
    const int code = git_reference_create(&reference, &mirror, name.c_str(), &target, 1, nullptr);
    git_reference_free(reference);
    if (code < 0) return failed<bool>(libgit2_error("could not write the ref " + name));
    return succeeded(true);
}

GitResult<bool> delete_ref(git_repository& mirror, const std::string& name) {
    const int code = git_reference_remove(&mirror, name.c_str());
    if (code < 0 && code != GIT_ENOTFOUND) {
        return failed<bool>(libgit2_error("could not delete the ref " + name));
    }
    return succeeded(true);
}

std::optional<git_oid> read_ref(git_repository& mirror, const std::string& name) {
    git_oid oid;
    if (git_reference_name_to_id(&oid, &mirror, name.c_str()) < 0) return std::nullopt;
    return oid;
}

void delete_refs_below(git_repository& mirror, const std::string& prefix) {
    delete_refs_that(mirror, [&](const std::string& name) { return name.starts_with(prefix); });
}

void delete_other_upstreams(git_repository& mirror, const std::string& keep,
                            const std::vector<core::Followed>& others) {
    const std::string_view upstream = kUpstreamRefs;
    delete_refs_that(mirror, [&](const std::string& name) {
        if (name.starts_with(kAskedRefs)) return true;
        if (!name.starts_with(upstream) || name == keep) return false;
        const std::string remote_name = "refs/" + name.substr(upstream.size());
        return std::none_of(others.begin(), others.end(),
                            [&](const core::Followed& other) { return other.holds(remote_name); });
    });
}

}  // namespace lastgood::git
