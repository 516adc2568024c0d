// One GET that asks whether an app answers: 2xx and 3xx say yes.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::supervise {

union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

struct ProbeTarget {
    SocketAddress to{};
    std::optional<sockaddr_in> from;  // source address; none: the kernel's choice
    std::string host;                 // for the Host header: "127.0.0.1:3000"
    std::string path;                 // "/health"
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
