#include "lastgood/daemon/archive.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "daemon/site.h"
#include "daemon/state_lock.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {
namespace {

constexpr const char* kDatabase = "lastgood.db";

// A folder of its own in the state's, on the same file system, removed with all that is in it.
class Staging {
  public:
    static Expected<Staging> make(const std::string& state_dir) {
        std::string path = state_dir + "/archive-XXXXXX";
        if (mkdtemp(path.data()) == nullptr) {
            return system_error("could not make a folder in " + state_dir, errno);
        }
        return Staging(path);
    }
    Staging(Staging&& from) noexcept : path_(std::exchange(from.path_, {})) {}
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    ~Staging() {
        if (!path_.empty()) (void)sys::remove_tree(path_);
    }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    explicit Staging(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

// Its messages go to our stderr. `passable`: an exit code that is no failure.
Expected<void> run_tar(std::vector<std::string> arguments, int passable) {
    sys::SpawnSpec spec;
    arguments.insert(arguments.begin(), "tar");
    spec.argv = std::move(arguments);
    const char* path = getenv("PATH");
    spec.env = {"LC_ALL=C", std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin")};
    spec.fds = {{STDERR_FILENO, STDERR_FILENO}};
    spec.new_session = false;  // Ctrl-C ends both
    auto child = sys::spawn(spec);
    if (!child) return child.error();
    int status = 0;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == passable)) return {};
    return Error{"tar " + sys::describe_wait_status(status), "see what it said above"};
}

Expected<void> move(const std::string& from, const std::string& to) {
    if (rename(from.c_str(), to.c_str()) == 0) return {};
    return system_error("could not move " + from + " to " + to, errno);
}

// What runs there doesn't run here.
Expected<void> forget_processes(store::Journal& journal) {
    auto rows = journal.processes();
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
        if (auto cleared = journal.clear_process(row.app, row.place); !cleared) return cleared;
    }
    return {};
}

}  // namespace

Expected<void> export_state(const config::Config& config, const std::string& file) {
    const std::string database = config.state_dir + "/" + kDatabase;
    if (!sys::exists(database)) {
        return Error{"there is no state in " + config.state_dir + " to export", ""};
    }
    auto staging = Staging::make(config.state_dir);
    if (!staging) return staging.error();
    if (auto copied = store::Journal::copy(database, *staging / kDatabase); !copied) return copied;
    const std::string part = file + ".part";
    std::vector<std::string> words{"--create",
                                   "--gzip",
                                   "--file",
                                   part,
                                   "-C",
                                   staging->path(),
                                   kDatabase,
                                   "-C",
                                   config.state_dir,
                                   "--exclude=.index",
                                   "--exclude=.spare",
                                   "--"};
    for (const auto& app : config.apps) {
        const AppPaths paths(config.state_dir, app.name);
        for (const auto& path : {paths.releases(), paths.current()}) {
            const bool there = access(path.c_str(), F_OK) == 0;
            if (there) words.push_back(path.substr(config.state_dir.size() + 1));
        }
    }
    const mode_t before = umask(0077);
    // 1: a release was removed while it was read, which the database knows how to mend.
    auto packed = run_tar(std::move(words), 1);
    umask(before);
    if (packed) packed = move(part, file);
    if (!packed) unlink(part.c_str());
    return packed;
}

Expected<void> import_state(const config::Config& config, const std::string& file) {
    if (access(file.c_str(), R_OK) != 0) return system_error("could not read " + file, errno);
    if (auto made = sys::make_directories(config.state_dir, 0750); !made) return made;
    auto locked = lock_state(config.state_dir);
    if (!locked) return locked.error();
    const std::string database = config.state_dir + "/" + kDatabase;
    const std::string apps = config.state_dir + "/apps";
    for (const auto& path : {database, apps}) {
        if (!sys::exists(path)) continue;
        return Error{"there is a state already: " + path,
                     "move it away, or give this lastgood a state_dir of its own"};
    }
    auto staging = Staging::make(config.state_dir);
    if (!staging) return staging.error();
    auto done = run_tar(
        {"--extract", "--gzip", "--preserve-permissions", "--file", file, "-C", staging->path()},
        0);
    if (!done) return done;
    const std::string copy = *staging / kDatabase;
    if (!sys::exists(copy))
        return Error{file + " is no export of lastgood: it has no database", ""};
    {
        auto journal = store::Journal::open(copy);
        if (!journal) return journal.error();
        if (auto forgotten = forget_processes(**journal); !forgotten) return forgotten;
    }
    if (sys::exists(*staging / "apps")) done = move(*staging / "apps", apps);
    return done ? move(copy, database) : done;
}

}  // namespace lastgood::daemon
