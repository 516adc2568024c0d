// What the daemon is told of the whole group, which a host that isn't the controller doesn't watch.
// On the loop's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fleet/caller.h"
#include "fleet/daemon_link.h"
#include "lastgood/fleet/group_view.h"

namespace lastgood::fleet {

class GroupDesk {
  public:
    // All outlive the desk.
    GroupDesk(Caller& caller, DaemonLink& link, const AgentSettings& settings)
        : caller_(caller), link_(link), group_(settings.fleet.group) {}

    // `known`: the controller's view; null: the group is read for it.
    void answer(const GroupAsk& ask, const GroupView* known);

  private:
    void tell(std::uint64_t seq, const GroupView& view);

    Caller& caller_;
    DaemonLink& link_;
    const std::string group_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

std::vector<AppCount> count_apps(const core::FleetView& view);

}  // namespace lastgood::fleet
