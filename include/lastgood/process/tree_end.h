// Ends everything that belongs to a run, and says when nothing is left.
//
// The signal first where `grace` is above zero, KILL to what is left after it, again and again
// until a look finds nobody: new children can't outrun it. What the kernel itself can't end (a
// process in uninterruptible sleep) is given up after kKillConfirmMax.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/process/process_tree.h"

namespace lastgood::process {

class TreeEnd {
  public:
    struct Manner {
        int signal = 15;
        Millis grace{0};  // 0: KILL at once
    };
    using Done = std::function<void(bool nothing_left)>;

    // `done` comes once, deferred, and not after this object is destroyed; it may destroy it.
    TreeEnd(sys::EventLoop& loop, ProcessTree tree, Manner manner, Done done);
    TreeEnd(const TreeEnd&) = delete;
    TreeEnd& operator=(const TreeEnd&) = delete;

  private:
    void look();
    void finish(bool nothing_left);

    sys::EventLoop& loop_;
    ProcessTree tree_;
    Manner manner_;
    Done done_;
    Instant begun_;
    Millis pause_{1};
    bool seen_any_ = false;
    sys::EventLoop::Timer timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// What an earlier daemon left behind.
struct Leftover {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
    std::string token{};
    std::optional<Cgroup> group{};
};

// The process only if pid and start time match, else just what carries the token or is in the
// group. Keeps itself alive until `done`; the loop must outlive it.
void end_leftovers(sys::EventLoop& loop, Leftover left, TreeEnd::Manner manner, TreeEnd::Done done);

}  // namespace lastgood::process
