// Carries on a connection that was handed over while it is encrypted: whoever took it writes plain
// bytes into one end of a socket pair, and they go out through the wire. What the other side still
// says is thrown away, as such an answer has no end to be asked for more.
#pragma once

#include <functional>
#include <string>

#include "http/wire.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::http {

class WireRelay {
  public:
    // `fd` and `wire` are the connection's, `inner` the near end of the pair, non-blocking.
    // `on_end` comes once; it may destroy the relay.
    WireRelay(sys::EventLoop& loop, int fd, Wire& wire, sys::Fd inner,
              std::function<void()> on_end);
    WireRelay(const WireRelay&) = delete;
    WireRelay& operator=(const WireRelay&) = delete;

  private:
    void on_outer(std::uint32_t events);
    void on_inner();
    void flush();
    void end();

    sys::EventLoop& loop_;
    Wire& wire_;
    sys::Fd inner_;
    const std::function<void()> on_end_;
    std::string out_;
    std::size_t sent_ = 0;
    sys::EventLoop::Watch outer_watch_;
    sys::EventLoop::Watch inner_watch_;
};

}  // namespace lastgood::http
