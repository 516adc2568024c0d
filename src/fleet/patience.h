// How long a host's new word about an app may wait for what follows it, to be one write with that
// (pure). A fleet's update is as fast as etcd takes writes: a host wants two of them for each
// deployment, the grant and its end.
#pragma once

#include <optional>

#include "lastgood/core/fleet_view.h"

namespace lastgood::fleet {

struct Patience {
    Millis most{0};
    bool any_time = false;  // within that: many hosts have the same to say
    bool operator==(const Patience&) const = default;
};

// `before` is in etcd, with this host's lease. `grant` is the one that is out for this host, as its
// view has it. Nothing: it is written at once.
std::optional<Patience> patience(const core::HostApp& before, const core::HostApp& after,
                                 const std::optional<core::Grant>& grant);

}  // namespace lastgood::fleet
