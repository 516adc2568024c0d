// The opposite of verify(): what a forge would send. For `lastgood webhook test`, and for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lastgood/base/time.h"
#include "lastgood/core/provider.h"
#include "lastgood/forge/delivery.h"

namespace lastgood::forge {

struct OutgoingDelivery {
    core::Provider provider = core::Provider::github;
    std::string secret;
    EventKind kind = EventKind::ping;  // `standard` has no event header: there the body says it
    std::string id;
    std::string body;  // JSON
};

// The headers of such a delivery, with their names as the forge spells them.
std::vector<std::pair<std::string, std::string>> signed_headers(const OutgoingDelivery& delivery,
                                                                WallTime now);

// A body with which this forge tests a hook, for EventKind::ping. GitLab's own test is a push of
// real data, so for it this is an event that deploys nothing.
std::string ping_body(core::Provider provider);

}  // namespace lastgood::forge
