#include "daemon/notifications.h"

#include <algorithm>

#include "lastgood/base/limits.h"

namespace lastgood::daemon {
namespace {

using control::TargetStatus;

std::vector<TargetStatus> configured(const config::App& app) {
    std::vector<TargetStatus> all;
    for (const auto& target : app.notify) {
        TargetStatus status{app.name.str(), target.name, {}, {}, {}, {}};
        status.kind = config::to_string(target.kind);
        for (const auto kind : target.events) status.events.emplace_back(core::to_string(kind));
        all.push_back(std::move(status));
    }
    if (app.status) {
        const std::string name(config::kForgeTarget);
        all.push_back({app.name.str(), name, name, {}, {}, {}});
    }
    return all;
}

template <typename Row>
bool is_of(const TargetStatus& status, const Row& row) {
    return status.app == row.app && status.target == row.target;
}

}  // namespace

Expected<control::Notifications> notifications_of(Site& site,
                                                  const std::optional<std::string>& app) {
    control::Notifications all;
    const auto shown = [&app](const std::string& name) { return !app || *app == name; };
    for (const auto& one : site.config.apps) {
        if (!shown(one.name.str())) continue;
        for (auto& status : configured(one)) all.targets.push_back(std::move(status));
    }
    auto tallies = site.journal.message_tallies();
    if (!tallies) return tallies.error();
    for (auto& tally : *tallies) {
        if (!shown(tally.app)) continue;
        auto found = std::find_if(all.targets.begin(), all.targets.end(),
                                  [&](const auto& status) { return is_of(status, tally); });
        if (found == all.targets.end()) {
            all.targets.push_back({tally.app, tally.target, {}, {}, {}, {}});
            found = all.targets.end() - 1;
        }
        found->tally = std::move(tally);
    }
    auto next = site.journal.next_messages();
    if (!next) return next.error();
    for (auto& row : *next) {
        for (auto& status : all.targets) {
            if (is_of(status, row)) status.next = row;
        }
    }
    auto waiting = site.journal.messages(limits::kRowsMax);
    if (!waiting) return waiting.error();
    for (auto& row : *waiting) {
        if (shown(row.app)) all.waiting.push_back(std::move(row));
    }
    return all;
}

}  // namespace lastgood::daemon
