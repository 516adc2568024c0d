#include "lastgood/core/delivery_policy.h"

namespace lastgood::core {

DeliveryDecision decide_push(const std::vector<RefMove>& moves, std::string_view branch) {
    const std::string wanted = "refs/heads/" + std::string(branch);
    DeliveryDecision decision;
    if (!moves.empty()) decision.ref = std::string(moves.front().ref);
    for (const auto& move : moves) {
        if (move.ref != wanted) continue;
        decision.ref = wanted;
        if (!move.after) {
            decision.reason = "branch " + std::string(branch) + " was deleted";
            continue;
        }
        decision.deploy = true;
        decision.commit = move.after;
        decision.reason.clear();
    }
    if (!decision.deploy && decision.reason.empty()) {
        decision.reason = "not branch " + std::string(branch);
    }
    return decision;
}

}  // namespace lastgood::core
