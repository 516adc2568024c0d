// What people and programs are shown of a group (pure).
#pragma once

#include <string>

#include "lastgood/core/fleet_view.h"

namespace lastgood::fleet {

// Of one app.
std::string state_word(const core::FleetApp& app);   // of its rollout, or "paused"; "-": none yet
std::string reason_text(const core::FleetApp& app);  // who paused it, why it halted, what failed

// "3 of 5": hosts that have the commit of the wish, and that take part.
struct HostCount {
    std::size_t there = 0;
    std::size_t all = 0;
};
HostCount count_hosts(const core::FleetApp& app);

struct GroupShown {
    std::string group;
    std::string controller;  // its host; empty: none just now
    const core::FleetView& view;
};

// JSON objects, by config/json/fleet-status.schema.json and fleet-hosts.schema.json. `app`: that
// one alone; empty: all.
std::string status_json(const GroupShown& shown, const std::string& app = {});
std::string hosts_json(const GroupShown& shown, const std::string& app = {});
// Both in one, in at most `bytes_max` however large the group is: of each app the hosts that need
// somebody's attention first, and how many were left out.
std::string overview_json(const GroupShown& shown, std::size_t bytes_max);

}  // namespace lastgood::fleet
