// Runs the releases of one app: two slots, their sockets, readiness, output, and their end.
//
// The runner knows processes, not commits' fortunes: it starts, probes, switches, stops and
// reports; what a crash means is decided in core/. All on the loop's thread; callbacks are never
// made from inside a call of the runner (they come deferred). A failing app never throws.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/config/config.h"
#include "lastgood/process/cgroup.h"
#include "lastgood/process/process_tree.h"
#include "lastgood/process/slot_sockets.h"
#include "lastgood/process/terms.h"

namespace lastgood::supervise {

struct RunSpec {
    RunId run;
    CommitId commit;
    std::vector<std::string> argv;
    std::vector<std::string>
        env;              // whole, "NAME=value", without the runner's own (LISTEN_*, NOTIFY_SOCKET)
    std::string workdir;  // absolute
    std::optional<config::Ready> ready{};  // none: the runner's
    process::Terms terms{};
    std::string preload{};  // object to preload (process/preload.h); empty: LISTEN_FDS
    bool patient = false;   // kPatience times `ready.within`, and one probe may take all of it
};

// A process that an earlier daemon started.
struct LeftRun {
    RunId run;
    pid_t pid = 0;
    std::uint64_t start_time = 0;
    config::Ready ready{};
    bool was_ready = true;  // else it is asked from now on, as if it had started now
};

// Where the named pipes for the runs' output are.
inline std::string output_folder(const std::string& runtime_dir) {
    return runtime_dir + "/output";
}

// Those of one run, without their endings .out and .err.
inline std::string output_of(const std::string& runtime_dir, const AppName& app, RunId run) {
    return output_folder(runtime_dir) + "/" + app.str() + "-" + std::to_string(run.value);
}

struct ExitReport {
    std::string status;  // "exited with status 1", "killed by SIGSEGV"
    int exit_code = 1;   // as a shell has it: 128 and the signal's number; 1: not known
    Millis ran_for{0};
    std::vector<std::string> tail;  // the last lines of output of this run
    bool asked = false;             // it ended because stop() was called
    bool too_slow = false;          // and was killed when its stop.timeout was over
};

struct SlotInfo {
    pid_t pid = 0;  // 0: nothing runs
    std::uint64_t start_time = 0;
    RunId run;
    std::optional<Instant> since;
};

// News of one run. After `exited` nothing more comes for that run.
struct Listener {
    std::function<void(Slot, RunId)> ready;
    std::function<void(Slot, RunId, std::string reason)>
        not_ready;  // within is over; still running
    std::function<void(Slot, RunId, int in_a_row, std::string reason)> probe_failed;
    std::function<void(Slot, RunId, ExitReport)> exited;
    // A process was made (pid and start time, to be stored) before it runs anything of the app's.
    std::function<void(Slot, RunId, pid_t, std::uint64_t start_time)> started;
};

struct RunnerConfig {
    AppName app;
    std::vector<config::ListenAddress> listen{};
    bool switches_ports = true;                           // SlotSockets::open
    std::optional<std::array<std::uint16_t, 2>> ports{};  // of the slots, instead of `listen`
    config::Ready ready{};
    config::Stop stop{};
    std::string log_file{};  // apps/APP/logs/output.log
    config::LogFormat log_format = config::LogFormat::text;
    std::uint64_t log_bytes_max = 0;
    int log_keep = 5;
    bool log_compress = true;
    bool log_journald = false;    // output goes to the system's journal as well
    std::string runtime_dir{};    // for notify sockets
    std::string probe_address{};  // this daemon's own address of 127.0.0.0/8, source of every probe
    process::GroupLimits limits{};
    const process::Cgroups* cgroups = nullptr;  // none: runs without one; outlives the runner
};

class AppRunner {
  public:
    // Opens both listening sockets and the log. Fails with the mend when the port is in use.
    // `left`: sockets of an earlier daemon, in the order of `listen`.
    static Expected<std::unique_ptr<AppRunner>> open(sys::EventLoop& loop, sys::Reaper& reaper,
                                                     RunnerConfig config, Listener listener,
                                                     std::vector<process::LeftSockets> left = {});
    virtual ~AppRunner() = default;

    // The slot must be empty. An exec that fails is reported by `exited`, not here.
    virtual void start(Slot slot, RunSpec spec) = 0;
    // Goes on with it, if it still runs. The slot must be empty.
    virtual Expected<void> take_over(Slot slot, const LeftRun& left) = 0;
    // All was taken over: what else earlier daemons have left of output goes.
    virtual void forget_left() = 0;
    // Users go to this slot from now on (one system call). With ports a proxy sends them there, as
    // proxy_busy() tells; without either: nothing to do.
    virtual Expected<void> switch_to(Slot slot) = 0;
    // Lets the slot's queue and its connections drain if users go elsewhere, then stop.signal,
    // after stop.timeout KILL to everything that belongs to it; `exited` comes when nothing is
    // left. A slot that is empty stays so, without news.
    virtual void stop(Slot slot) = 0;
    // The same without draining, also where that is under way: lastgood itself ends.
    virtual void stop_now(Slot slot) = 0;
    // With ports: a proxy is being told where users go. Until it is done no slot is idle.
    virtual void proxy_busy(bool busy) = 0;
    // Probing every kProbeEvery, for the probation.
    virtual void watch_health(Slot slot, bool on) = 0;
    // For the runs that start, and the stops that are asked for, from now on; limits at once.
    virtual void set_rules(const config::Ready& ready, const config::Stop& stop,
                           const process::GroupLimits& limits) = 0;
    // Connections that wait in an empty slot are relayed to the other one while users go there.
    [[nodiscard]] virtual SlotInfo info(Slot slot) const = 0;
    // Of all that belongs to the run (process_tree.h): a look through /proc, where it has no
    // cgroup.
    [[nodiscard]] virtual std::uint64_t memory_bytes(Slot slot) const = 0;
    [[nodiscard]] virtual process::Usage usage(Slot slot) const = 0;
    // In the order of `listen`.
    [[nodiscard]] virtual const std::vector<process::SlotSockets>& sockets() const = 0;
};

}  // namespace lastgood::supervise
