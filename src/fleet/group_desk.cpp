#include "fleet/group_desk.h"

#include "lastgood/fleet/group_json.h"

namespace lastgood::fleet {

void GroupDesk::answer(const GroupAsk& ask, const GroupView* known) {
    if (known != nullptr) return tell(ask.seq, *known);
    const std::string prefix = group_prefix(group_);
    caller_.ask<RangeAnswer>(
        [prefix](Etcd& etcd) {
            return range_whole(etcd, {.key = prefix, .end = prefix_end(prefix)});
        },
        [alive = std::weak_ptr(alive_), this, prefix, seq = ask.seq](Result<RangeAnswer> result) {
            if (!alive.lock()) return;
            if (const auto* failed = std::get_if<Failure>(&result)) {
                return link_.send(GroupTold{seq, {}, failed->error.text()});
            }
            GroupView view(prefix);
            view.read(std::get<RangeAnswer>(result));
            tell(seq, view);
        });
}

void GroupDesk::tell(std::uint64_t seq, const GroupView& view) {
    const auto& elected = view.controller();
    // It is told inside of a message, with its quotes escaped.
    link_.send(GroupTold{seq,
                         overview_json({group_, elected ? elected->value : "", view.view()},
                                       limits::kChannelMessageBytesMax / 2),
                         {}});
}

std::vector<AppCount> count_apps(const core::FleetView& view) {
    std::vector<AppCount> counts;
    for (const auto& [name, app] : view.apps) {
        const HostCount hosts = count_hosts(app);
        const std::size_t failures = app.rollout ? app.rollout->value.failures.size() : 0;
        counts.push_back({name, state_word(app), static_cast<std::int64_t>(hosts.all),
                          static_cast<std::int64_t>(hosts.there),
                          static_cast<std::int64_t>(app.grants.size()),
                          static_cast<std::int64_t>(failures)});
    }
    return counts;
}

}  // namespace lastgood::fleet
