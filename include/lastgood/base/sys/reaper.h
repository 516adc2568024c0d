// Collects the exit status of every child, ours and those that were left to us as subreaper or
// PID 1, as soon as SIGCHLD says so.
//
// SIGCHLD must be blocked (the constructor blocks it in the calling thread) and is read by
// signalfd. One Reaper per process.
#pragma once

#include <functional>
#include <unordered_map>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::sys {

class Reaper {
  public:
    using OnExit = std::function<void(int wait_status)>;

    explicit Reaper(EventLoop& loop);
    ~Reaper();

    // Calls once, on the loop, when the child has ended. To be called in the same round as spawn().
    void expect(pid_t pid, OnExit on_exit);
    // Its exit interests nobody any more; it is still collected.
    void forget(pid_t pid);

  private:
    void collect();

    Fd signal_fd_;
    EventLoop::Watch watch_;
    std::unordered_map<pid_t, OnExit> expected_;
};

}  // namespace lastgood::sys
