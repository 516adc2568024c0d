// Runs a list of commands one after the other: the build of a release, or a hook.
//
// Each step has its own session; what it leaves in the background is killed when it ends. One
// deadline holds for all of them. Output goes to a file (bounded by kStepLogBytesMax) and its end
// is kept for the report. All on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/config/config.h"
#include "lastgood/process/cgroup.h"
#include "lastgood/process/terms.h"

namespace lastgood::process {

struct StepsSpec {
    std::vector<config::Command> steps;
    std::string directory;          // absolute
    std::vector<std::string> env;   // whole; LASTGOOD_RUN=token is added
    std::string output_file;        // appended to; empty: none
    Millis time_max{0};             // for all steps together
    std::string token;              // names the run, see process_tree.h
    std::optional<Cgroup> group{};  // to run in
    Terms terms{};
};

struct StepsResult {
    bool ok = false;
    bool cancelled = false;
    std::string reason;             // "step 2 `npm run build` exited with status 3"
    std::vector<std::string> tail;  // last lines of output, printable
};

class RunSteps {
  public:
    struct News {
        // A step's process was made; to be stored, so that a later daemon can end it. Comes at
        // once, for the first step from inside start().
        std::function<void(pid_t, std::uint64_t start_time)> started;
        // A step begins, counted from 0. Before `started`; may be empty.
        std::function<void(std::size_t step)> step{};
        // A step wrote something: look at last_line(). Often, so do little. May be empty.
        std::function<void()> wrote{};
        // Once, when nothing of any step is left; deferred. It may destroy the RunSteps.
        std::function<void(StepsResult)> done;
    };

    static std::unique_ptr<RunSteps> start(sys::EventLoop& loop, sys::Reaper& reaper,
                                           StepsSpec spec, News news);
    // Kills what runs, without waiting and without news.
    virtual ~RunSteps() = default;

    // KILL to everything; `done` comes with `cancelled` when it is gone.
    virtual void cancel() = 0;

    // Of the output so far, printable.
    [[nodiscard]] virtual std::string last_line() const = 0;
};

}  // namespace lastgood::process
