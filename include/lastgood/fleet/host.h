// The daemon's side of the fleet's agent: starts it, starts it again, and hears it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/message_channel.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/fleet/channel.h"

namespace lastgood::fleet {

struct AgentCallbacks {  // on the loop's thread; none may destroy the host
    std::function<void(FromAgent)> on_message;
    std::function<void()> on_begun;  // a new agent: it knows nothing but the settings
    std::function<void()> on_gone;   // it answers nothing any more
    std::function<void(config::LogLevel, const std::string& text)> on_log;
};

class AgentHost {
  public:
    // `program` is started as `PROGRAM fleet-agent`, now and again whenever it has ended.
    AgentHost(sys::EventLoop& loop, sys::Reaper& reaper, std::string program,
              AgentSettings settings, AgentCallbacks callbacks);
    // Kills an agent that still runs.
    ~AgentHost();
    AgentHost(const AgentHost&) = delete;
    AgentHost& operator=(const AgentHost&) = delete;

    // Other settings: a new agent takes the place of this one.
    void update(AgentSettings settings);
    // False: there is none that hears it.
    bool send(const ToAgent& message);
    // Ends it, and starts no other. `leaving`: the group shall not wait for this host. `stopped`
    // comes once, deferred.
    void stop(bool leaving, std::function<void()> stopped);
    [[nodiscard]] pid_t pid() const;  // 0: none runs now

  private:
    Expected<void> launch();
    void launch_or_retry();
    void receive();
    void on_exit(int wait_status);
    void give_up_on_child(const std::string& why);
    void kill_child(int signal);

    sys::EventLoop& loop_;
    sys::Reaper& reaper_;
    const std::string program_;
    AgentSettings settings_;
    const AgentCallbacks callbacks_;
    sys::Child child_;
    sys::Fd channel_;
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer timer_;  // for the restart, or for the kill when stopping
    sys::MessageBuffer buffer_;
    Instant launched_{};
    Millis next_delay_ = limits::kFleetAgentRestartMin;
    bool renewing_ = false;
    bool stopping_ = false;
    std::function<void()> stopped_;
};

}  // namespace lastgood::fleet
