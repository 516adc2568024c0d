#include "fleet/patience.h"

namespace lastgood::fleet {
namespace {

// That a wish was seen matters when etcd's data has gone back, and then all is written at once.
constexpr Millis kMarkWithin{30'000};
// That it is at work nobody needs to know before: the controller counts the host by its grant.
constexpr Millis kBegunAfter{300};

}  // namespace

std::optional<Patience> patience(const core::HostApp& before, const core::HostApp& after,
                                 const std::optional<core::Grant>& grant) {
    core::HostApp same = after;
    same.seen = before.seen;
    if (same == before) return Patience{kMarkWithin, true};
    const bool at_work = grant && after.wish == grant->wish && after.granted == grant->commit &&
                         after.outcome == core::GrantOutcome::none;
    if (!at_work) return std::nullopt;
    same.wish = before.wish;
    same.granted = before.granted;
    same.outcome = before.outcome;
    same.reason = before.reason;
    same.state = before.state;
    same.busy = before.busy;
    if (same == before) return Patience{kBegunAfter};
    return std::nullopt;
}

}  // namespace lastgood::fleet
