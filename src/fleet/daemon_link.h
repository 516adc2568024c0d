// The agent's end of its channel. On the loop's thread.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/message_channel.h"
#include "lastgood/fleet/channel.h"

namespace lastgood::fleet {

class DaemonLink {
  public:
    using OnMessage = std::function<void(ToAgent)>;

    DaemonLink(sys::EventLoop& loop, sys::Fd channel);
    // `on_gone`: the daemon is, or says what it never should.
    void begin(OnMessage on_message, std::function<void()> on_gone);
    void send(const FromAgent& message);
    // "app" empty: of the fleet.
    void log(config::LogLevel level, const std::string& app, const std::string& text);

  private:
    void receive();
    void send_waiting();

    sys::EventLoop& loop_;
    sys::Fd channel_;
    OnMessage on_message_;
    std::function<void()> on_gone_;
    sys::EventLoop::Watch watch_;
    sys::MessageBuffer buffer_;
    std::deque<std::string> unsent_;
};

}  // namespace lastgood::fleet
