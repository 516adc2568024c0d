// One GET that asks whether an app answers: 2xx and 3xx say yes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/process/slot_sockets.h"

namespace lastgood::supervise {

struct ProbeTarget {
    process::Route route;
    std::string path;  // "/health"
};

class HttpProbe {
  public:
    // `answer` for people: "answered 503", "connection refused".
    using Done = std::function<void(bool ok, std::string answer)>;

    // `done` comes once, never from inside the constructor, and may destroy the probe.
    HttpProbe(sys::EventLoop& loop, const ProbeTarget& target, Millis time_max, Done done);
    HttpProbe(const HttpProbe&) = delete;
    HttpProbe& operator=(const HttpProbe&) = delete;

  private:
    void connect(const ProbeTarget& target);
    void connected();
    void readable();
    void finish(bool ok, const std::string& answer);

    sys::EventLoop& loop_;
    Done done_;
    std::string request_;
    std::string answer_;
    sys::Fd socket_;
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer timer_;
};

}  // namespace lastgood::supervise
