// One run of a release: its processes, their output, and their end.
//
// The main process's end is the run's: what it leaves behind is ended too, and only then the run is
// over. A crash kills what is left at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/config/config.h"
#include "lastgood/logs/line_capture.h"
#include "lastgood/process/out_of_memory.h"
#include "lastgood/process/process_tree.h"
#include "lastgood/process/tree_end.h"
#include "lastgood/supervise/app_runner.h"

namespace lastgood::supervise {

class Run {
  public:
    // Comes once, when nothing of the run is left; may destroy the Run.
    using Ended = std::function<void(ExitReport)>;

    struct Place {
        Slot slot;
        std::string token;
        std::string output;  // path of the two named pipes for its output, without their endings
        std::optional<process::Cgroup> group;  // its own
    };

    Run(sys::EventLoop& loop, sys::Reaper& reaper, logs::OutputLog& log, Place place, Ended ended);
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run();  // frees, ends no process

    // `spec` without output descriptors and without the token. On failure there is no run.
    Expected<void> start(sys::SpawnSpec spec, const process::GroupLimits& limits);
    // Goes on with the process of an earlier daemon's Run of the same token and output. Where it is
    // no child of ours its end is seen, but not how it ended. On failure there is no run.
    Expected<void> take_over(pid_t pid, std::uint64_t start_time);

    // From now on an exit was asked for; the processes aren't told yet.
    void expect_exit() { asked_ = asked_ || !exited_; }
    // Signal to the main process, KILL to everything after the time-out.
    void stop(const config::Stop& rules);
    void limit(const process::GroupLimits& limits) const;

    [[nodiscard]] pid_t pid() const { return child_.pid; }
    [[nodiscard]] std::uint64_t start_time() const { return child_.start_time; }
    [[nodiscard]] Instant since() const { return since_; }
    [[nodiscard]] process::ProcessTree tree() const;

  private:
    [[nodiscard]] std::string pipe_of(logs::Stream stream) const;
    Expected<sys::Fd> capture(logs::Stream stream, const std::optional<sys::Identity>& owner,
                              std::unique_ptr<logs::LineCapture>& place);
    void remove_pipes() const;
    void leave_group_if_empty();
    void exited(std::optional<int> status);
    [[nodiscard]] process::TreeEnd::Manner manner_after_exit(std::optional<int> status) const;
    void end_tree(process::TreeEnd::Manner manner);
    void over(bool nothing_left);

    sys::EventLoop& loop_;
    sys::Reaper& reaper_;
    logs::OutputLog& log_;
    Place place_;
    Ended ended_;
    std::optional<process::OutOfMemory> memory_;  // since it runs
    sys::Child child_;
    Instant since_{};
    logs::Tail tail_;
    std::unique_ptr<logs::LineCapture> out_;
    std::unique_ptr<logs::LineCapture> err_;
    bool asked_ = false;
    bool exited_ = false;
    bool too_slow_ = false;  // to stop
    std::optional<config::Stop> stopping_;
    Instant stop_until_{};
    std::string status_;
    int exit_code_ = 1;
    Millis ran_for_{0};
    sys::EventLoop::Timer kill_timer_;
    sys::EventLoop::Watch end_watch_;  // of a process that is no child
    std::unique_ptr<process::TreeEnd> end_;
};

}  // namespace lastgood::supervise
