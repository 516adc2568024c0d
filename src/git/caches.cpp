#include "git/caches.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "git/environment.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::git {
namespace {

struct Usual {
    std::string_view folder;
    std::string_view key;
};

// What the package managers themselves go by.
constexpr std::array kUsual = {Usual{"node_modules", "package-lock.json"},
                               Usual{"node_modules", "npm-shrinkwrap.json"},
                               Usual{"node_modules", "yarn.lock"},
                               Usual{"node_modules", "pnpm-lock.yaml"},
                               Usual{"node_modules", "bun.lockb"},
                               Usual{"vendor", "composer.lock"},
                               Usual{"vendor", "Gemfile.lock"},
                               Usual{"vendor", "go.sum"},
                               Usual{".venv", "uv.lock"},
                               Usual{".venv", "poetry.lock"},
                               Usual{".venv", "Pipfile.lock"},
                               Usual{".venv", "requirements.txt"},
                               Usual{"venv", "requirements.txt"},
                               Usual{"deps", "mix.lock"}};

const TreeFile* find(const std::vector<TreeFile>& files, const std::string& path) {
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const TreeFile& file) { return file.path == path; });
    return found == files.end() ? nullptr : &*found;
}

// The file that the cache goes by in this commit; null: none.
const TreeFile* key_of(const config::CacheFolder& cache, const std::vector<TreeFile>& files) {
    if (!cache.key.empty()) return find(files, cache.key);
    const auto slash = cache.path.rfind('/');
    const std::string above = slash == std::string::npos ? "" : cache.path.substr(0, slash + 1);
    const std::string_view name = std::string_view(cache.path).substr(above.size());
    for (const Usual& usual : kUsual) {
        if (usual.folder != name) continue;
        if (const auto* file = find(files, above + std::string(usual.key))) return file;
    }
    return nullptr;
}

bool goes_by(const ReleaseIndex* index, const config::CacheFolder& cache, const TreeFile* key) {
    if (key != nullptr) return index != nullptr && index->find(*key) != nullptr;
    // A key that is named and missing: it must have been missing before, too.
    return cache.key.empty() || (index != nullptr && index->at(cache.key) == nullptr);
}

// cp(1) keeps times, links and modes, and shares blocks where the file system can.
bool copy_folder(const sys::Fd& from, const std::string& to,
                 const std::optional<ReleaseOwner>& owner) {
    sys::SpawnSpec spec;
    spec.argv = {"cp", "-a", "--reflink=auto", "-T", "--", "/proc/self/fd/3/.", to};
    spec.fds = {{from.get(), 3}};
    spec.env = worker_environment();
    spec.new_session = false;
    spec.die_with_parent = true;
    if (owner) {
        spec.identity.emplace();
        spec.identity->uid = owner->uid;
        spec.identity->gid = owner->gid;
    }
    auto child = sys::spawn(spec);
    if (!child) return false;
    int status = 0;
    while (waitpid(child->pid, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

std::vector<std::string> carry_caches(const ReleaseFolder& folder,
                                      const std::vector<config::CacheFolder>& caches,
                                      const std::vector<TreeFile>& files,
                                      const ReleaseIndex* ground, const CacheSource& older) {
    std::vector<std::string> notes;
    for (const auto& cache : caches) {
        const std::string there = folder.path() + "/" + cache.path;
        const TreeFile* key = key_of(cache, files);
        // What has no key is taken from the newest release.
        const bool stays = ground != nullptr && key != nullptr && goes_by(ground, cache, key) &&
                           sys::is_directory(there);
        if (stays) continue;
        if (sys::exists(there) && !sys::remove_tree(there)) continue;
        if (older.folder == nullptr) continue;
        // Through no link: whoever runs there may have put one in its place.
        const sys::Fd from(older.folder->open_below(cache.path, O_RDONLY | O_DIRECTORY));
        if (!from) continue;
        if (!goes_by(older.index, cache, key)) {
            notes.push_back("cache " + cache.path + " begins empty: " +
                            (key != nullptr ? key->path : cache.key) + " changed");
        } else if (!folder.make_parents(cache.path) || !copy_folder(from, there, older.owner)) {
            (void)sys::remove_tree(there);
            notes.push_back("cache " + cache.path + " begins empty: it could not be copied from " +
                            older.folder->path());
        }
    }
    return notes;
}

}  // namespace lastgood::git
