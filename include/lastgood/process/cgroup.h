// The daemon's part of the cgroup v2 tree: a group for each run, so that whatever a program does,
// its processes can be found, measured, bounded and ended whole.
//
// Used where the tree is ours: systemd delegates it (Delegate=yes), or nobody manages it and we may
// write (a container's own). Else there is none, and a run's processes are found by pid, session
// and token. The rules are the kernel's (Documentation/admin-guide/cgroup-v2.rst) and systemd's
// (CGROUP_DELEGATION). On the loop's thread; nothing here blocks for long.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/time.h"

namespace lastgood::process {

struct GroupLimits {
    std::optional<std::uint64_t>
        memory_max{};              // bytes that the kernel gives before it ends the run
    std::optional<int> cpu_max{};  // percent of one CPU
    bool operator==(const GroupLimits&) const = default;
};

// One group. Nothing is done by making or destroying the object.
class Cgroup {
  public:
    explicit Cgroup(std::string path) : path_(std::move(path)) {}
    [[nodiscard]] const std::string& path() const { return path_; }

    // One that is there already is fine.
    [[nodiscard]] Expected<void> create() const;
    // Those for which the kernel has a controller here.
    void limit(const GroupLimits& limits) const;
    // For sys::SpawnSpec::cgroup.
    [[nodiscard]] sys::Fd entrance() const;

    // Of this group and those below it.
    [[nodiscard]] std::vector<pid_t> processes() const;
    // SIGKILL to all at once, those that are being forked too (cgroup.kill, Linux 5.14).
    void kill() const;
    // With the groups below it; a group with processes stays.
    void remove() const;

    // What it can't do without: neither caches nor what is only mapped. None: not measured here.
    [[nodiscard]] std::optional<std::uint64_t> memory_bytes() const;
    // How often the kernel ended one of it for want of memory. None: not counted here.
    [[nodiscard]] std::optional<std::uint64_t> oom_kills() const;
    // CPU time of all that was ever in it.
    [[nodiscard]] std::optional<Millis> cpu_used() const;

  private:
    std::string path_;
};

class Cgroups {
  public:
    // `installation` tells daemons of one machine apart (the runtime directory). Moves this process
    // into a group of its own, as the kernel wants before it gives controllers to others. The Error
    // says why there is none.
    static Expected<Cgroups> open(std::string_view installation);

    // Of a run or a build, by its token (process_tree.h).
    [[nodiscard]] Cgroup group(const std::string& token) const;
    // All that are there, of earlier daemons too.
    [[nodiscard]] std::vector<Cgroup> groups() const;
    // Goes, unless somebody is still in it.
    void remove() const { Cgroup(base_).remove(); }

    [[nodiscard]] const std::string& path() const { return base_; }
    [[nodiscard]] bool bounds_memory() const { return memory_; }
    [[nodiscard]] bool bounds_cpu() const { return cpu_; }

  private:
    explicit Cgroups(std::string base) : base_(std::move(base)) {}
    std::string base_;
    bool memory_ = false;
    bool cpu_ = false;
};

// After the daemon's end, before the next one's start: systemd starts a unit's main process in the
// unit's own group, and the kernel lets nobody in there while it hands controllers on. The apps
// that run on are without bounds until the next daemon comes. Called in a group below the unit's.
void let_next_daemon_in();

// Where this process is in the tree of cgroup2: a folder. `mounts`: /proc/self/mountinfo,
// `membership`: /proc/self/cgroup. None: no such tree is mounted, or it doesn't show our group.
std::optional<std::string> own_cgroup(std::string_view mounts, std::string_view membership);

}  // namespace lastgood::process
