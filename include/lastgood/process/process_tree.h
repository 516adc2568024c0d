// Everything that belongs to one run: its main process, its session and process group, all
// descendants, and orphans that were left to somebody else.
//
// A run is named by pid and start time of its main process and by a token, which every run has in
// its environment as LASTGOOD_RUN. Where the pid means another process by now, only what carries
// the token counts. Each question is one look through /proc (a few ms); zombies are nobody. Signals
// go by pidfd, so that a reused pid is never hit. Where the run has a cgroup, who is in it belongs
// to it, and nobody else.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/time.h"
#include "lastgood/process/cgroup.h"

namespace lastgood::process {

// The value of LASTGOOD_RUN, the same after a restart of the daemon. `installation` tells two
// daemons of one machine apart (the runtime directory).
std::string run_token(std::string_view installation, const AppName& app, RunId run);

// A process that shows no environment for longer than this was given none: it is of no run
// of ours.
inline constexpr Millis kUncertainMax{50};

struct TokensInSight {  // of all processes: one look through /proc, for any number of runs
    std::unordered_set<std::string> tokens;
    // Somebody may have one, but is executing a program just now and can't be told: look again.
    bool uncertain = false;
};
TokensInSight tokens_in_sight();

// The runs of an app among those, in no order.
std::vector<RunId> runs_of(const TokensInSight& seen, std::string_view installation,
                           const AppName& app);

// When a process was started, of its start time (/proc/PID/stat, field 22).
Instant started_at(std::uint64_t start_time);

// Orphans of all runs come to this process from now on (PR_SET_CHILD_SUBREAPER).
void adopt_orphans();

struct Member {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
};

struct Look {
    std::vector<Member> members;
    // Somebody may belong to it, but is executing a program just now and can't be told: look again.
    bool uncertain = false;
    // The process group of its main process has somebody in it.
    bool has_group = false;
};

// What all of a run's processes use together.
struct Usage {
    std::uint64_t memory_bytes = 0;  // as memory_bytes()
    Millis cpu{
        0};  // CPU time since the run began; without a cgroup of what lives and was waited for
    int descriptors = 0;  // of those that we may look at
    int threads = 0;
    int processes = 0;
};

class ProcessTree {
  public:
    // `start_time` 0: not known, the pid is taken at its word. pid 0: by token alone.
    ProcessTree(pid_t main, std::uint64_t start_time, std::string token,
                std::optional<Cgroup> group = {})
        : main_(main),
          start_time_(start_time),
          token_(std::move(token)),
          group_(std::move(group)) {}

    [[nodiscard]] pid_t main() const { return main_; }

    [[nodiscard]] Look look() const;
    [[nodiscard]] std::vector<Member> members() const { return look().members; }
    [[nodiscard]] bool empty() const { return members().empty(); }
    [[nodiscard]] bool contains(pid_t pid) const;

    // Sends the signal to all but `except`; how many it was sent to.
    int signal_all(int signal, pid_t except = 0) const;

    // What the cgroup's controller counts; else the proportional set size of all, resident size
    // where the kernel won't tell.
    [[nodiscard]] std::uint64_t memory_bytes() const;

    [[nodiscard]] Usage usage() const;

    // Does one of them hold one of these sockets, named by inode?
    [[nodiscard]] bool holds_any(const std::unordered_set<std::uint64_t>& sockets) const;

    // Nothing is left: the cgroup goes.
    void forget() const;

  private:
    // By /proc.
    [[nodiscard]] Look look_everywhere() const;

    pid_t main_;
    std::uint64_t start_time_;
    std::string token_;
    std::optional<Cgroup> group_;
};

}  // namespace lastgood::process
