#include "lastgood/core/delivery_policy.h"

namespace lastgood::core {

DeliveryDecision decide_push(const std::vector<RefMove>& moves, const Followed& followed) {
    DeliveryDecision decision;
    if (!moves.empty()) decision.ref = std::string(moves.front().ref);
    for (const auto& move : moves) {
        if (!followed.holds(move.ref)) continue;
        if (!move.after) {
            if (decision.deploy) continue;
            decision.ref = std::string(move.ref);
            decision.reason = followed.by_tags() ? "the tag was deleted"
                                                 : "branch " + followed.branch + " was deleted";
            continue;
        }
        if (followed.by_tags() && decision.deploy && older_version(move.ref, decision.ref))
            continue;
        decision.ref = std::string(move.ref);
        decision.deploy = true;
        decision.commit = move.after;
        decision.reason.clear();
    }
    if (!decision.deploy && decision.reason.empty()) {
        decision.reason = followed.by_tags() ? "none of the tags " + followed.tags
                                             : "not branch " + followed.branch;
    }
    return decision;
}

}  // namespace lastgood::core
