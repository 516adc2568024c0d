// One host's agent, without the process around it: its lease, its view, what it does as a member,
// and the controller while it is elected. Several may share a loop; each has threads and
// connections of its own. On the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fleet/caller.h"
#include "fleet/daemon_link.h"
#include "fleet/election.h"
#include "fleet/keeper.h"
#include "fleet/lease.h"
#include "fleet/member_desk.h"
#include "fleet/memory.h"
#include "fleet/orders.h"

namespace lastgood::fleet {

class Controller;

class HostAgent {
  public:
    struct Callbacks {                 // none may destroy the agent
        std::function<void()> on_end;  // once: of end(), or when the daemon is gone
        // It has looked at what it sees, and done what follows from that; may be empty.
        std::function<void(const core::FleetView&)> on_look = {};
    };

    // The settings name a host. The loop outlives this.
    HostAgent(sys::EventLoop& loop, sys::Fd channel, AgentSettings settings, AgentMemory memory,
              Callbacks callbacks);
    ~HostAgent();
    HostAgent(const HostAgent&) = delete;
    HostAgent& operator=(const HostAgent&) = delete;

    void begin();
    // Gives up being the controller; the host's lease stays, and the next agent goes on with it.
    void end();

  private:
    void take(ToAgent message);
    void lease_is_new();
    void lease_is_lost();
    void kept();
    void trouble(const Error& why);
    void changed();
    void lead();
    void make_controller();
    void follow();
    void tell(const core::FleetNotice& notice);
    void tell_state();
    void ended();

    sys::EventLoop& loop_;
    const AgentSettings settings_;
    const Callbacks callbacks_;
    AgentMemory memory_;
    const std::uint64_t salt_;
    const std::shared_ptr<EtcdPlace> place_;
    std::string trouble_;
    std::optional<AgentState> told_;
    bool looking_ = false;
    bool ending_ = false;
    bool ended_ = false;
    sys::EventLoop::Timer farewell_;
    DaemonLink link_;
    Caller calls_;   // transactions and lists of the controller, one after the other
    Caller leases_;  // keep-alives and what is asked with them: never behind a slow transaction
    Keeper keeper_;
    Lease lease_;
    MemberDesk member_;
    Orders orders_;
    Election election_;
    std::unique_ptr<Controller> controller_;
};

}  // namespace lastgood::fleet
