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
#include "fleet/group_desk.h"
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
    // Gives up being the controller. The host's lease stays, and the next agent goes on with it;
    // where the host is `leaving` its group, that is given back, too.
    enum class Leaving { no, yes };
    void end(Leaving leaving = Leaving::no);

  private:
    void take(ToAgent message);
    void lease_is_new();
    void lease_is_lost();
    void kept(Millis took);
    void trouble(const Error& why);
    void changed();
    void lead();
    void make_controller();
    void follow();
    void tell(const core::FleetNotice& notice);
    void count_soon();
    void tell_state();
    void give_back_lease();
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
    sys::EventLoop::Timer counting_;
    std::vector<AppCount> counts_;
    DaemonLink link_;
    Caller calls_;   // transactions and lists of the controller, one after the other
    Caller leases_;  // keep-alives and what is asked with them: never behind a slow transaction
    Keeper keeper_;
    Lease lease_;
    MemberDesk member_;
    Orders orders_;
    GroupDesk group_desk_;
    Election election_;
    std::unique_ptr<Controller> controller_;
};

}  // namespace lastgood::fleet
