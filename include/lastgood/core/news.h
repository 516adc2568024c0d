// From what a step recorded to what is told of it. Pure, as the machine.
//
// A record that ends a deployment is news; what else is worth telling the machine records itself
// (Noticed). A way back that was taken in the same step as the rollback that it belongs to is told
// by that one alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/core/machine.h"

namespace lastgood::core {

struct News {
    NewsKind kind = NewsKind::good;
    DeploymentId deployment;         // 0: of none
    std::optional<CommitId> commit;  // none: that of the deployment
    std::string reason;
    std::optional<CommitId> back_to;  // rolled_back: what users get instead, where known
};

// `state`: after the step.
std::vector<News> news_of(const AppState& state, const std::vector<Record>& records);

}  // namespace lastgood::core
