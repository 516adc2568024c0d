// What a verified delivery means for an app, before anything is fetched (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/core/followed.h"

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

// Of several tags that are followed the newest version is meant.
DeliveryDecision decide_push(const std::vector<RefMove>& moves, const Followed& followed);

}  // namespace lastgood::core
