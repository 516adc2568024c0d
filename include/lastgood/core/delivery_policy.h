// What a verified delivery means for an app, before anything is fetched (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/ids.h"

namespace lastgood::core {

struct RefMove {
    std::string_view ref;
    std::optional<CommitId> after;  // none: deleted
};

struct DeliveryDecision {
    bool deploy = false;
    std::optional<CommitId> commit;  // for deploy
    std::string ref;                 // the one that decided, or the first
    std::string reason;              // why not
};

// `branch` is the configured one, without refs/heads/.
DeliveryDecision decide_push(const std::vector<RefMove>& moves, std::string_view branch);

}  // namespace lastgood::core
