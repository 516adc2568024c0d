// The daemon's end of one git-worker: its process, its pipes, its deadline.
//
// One question at a time. The worker leads its own session, so that killing the group takes git and
// whatever git started with it. On the loop's thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/git/session.h"

namespace lastgood::git {

class WorkerProcess {
  public:
    // The answer's line, or why there is none. Called once for each question, as the last thing
    // that is done with this object: it may be destroyed in there.
    using OnAnswer = std::function<void(GitResult<std::string> line)>;

    WorkerProcess(sys::EventLoop& loop, sys::Reaper& reaper, std::string program);
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    // `late` is the failure that is answered when `limit` has passed; the worker is killed then.
    void ask(const std::string& line, Millis limit, GitError late, OnAnswer on_answer);

    // For what the worker tells before its answer.
    void on_progress(std::function<void(const FetchProgress&)> told) { told_ = std::move(told); }

    // 0 when none runs.
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    Expected<void> start();
    void write_more();
    void read_answer();
    void read_errors();
    void ended(int wait_status);
    bool take_line();  // true when it answered: touch nothing after it
    void kill();
    void answer(GitResult<std::string> result);

    sys::EventLoop& loop_;
    sys::Reaper& reaper_;
    std::string program_;
    pid_t pid_ = 0;
    sys::Fd in_, out_, err_;
    sys::EventLoop::Watch in_watch_, out_watch_, err_watch_;
    sys::EventLoop::Timer deadline_, start_failed_;
    std::string unsent_, received_, errors_;
    OnAnswer on_answer_;
    std::function<void(const FetchProgress&)> told_;
};

}  // namespace lastgood::git
