// `lastgood notifier`: the process that sends one parcel, and is gone. The daemon itself never
// talks to the internet.
//
// It gets the parcel through a pipe (so that secrets stand in no argument list), writes what came
// of it to another, and is killed with all its children at its deadline. One that sends over HTTP
// can't gain privileges. Addresses come from the config alone; redirects are not followed;
// certificates are verified.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/core/resend_policy.h"
#include "lastgood/notify/parcel.h"

namespace lastgood::notify {

// The process's own main; reads stdin, writes stdout.
int notifier_main();

// Sends it from this process, and waits.
core::Sent deliver(const Parcel& parcel);

// The daemon's end of one notifier. On the loop's thread; destroying it ends the process.
class Sending {
  public:
    // Called once, from the loop; this may be destroyed in there.
    using Done = std::function<void(core::Sent sent)>;

    Sending(sys::EventLoop& loop, sys::Reaper& reaper, const std::string& program,
            const Parcel& parcel, Done done);
    ~Sending();
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;

  private:
    Expected<void> start(const std::string& program, const Parcel& parcel);
    void read_answer();
    void ended(int wait_status);
    void kill();
    void finish(core::Sent sent);

    sys::EventLoop& loop_;
    sys::Reaper& reaper_;
    Done done_;
    pid_t pid_ = 0;
    sys::Fd out_;
    sys::EventLoop::Watch out_watch_;
    sys::EventLoop::Timer deadline_;
    std::string received_;
};

}  // namespace lastgood::notify
