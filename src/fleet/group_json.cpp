#include "lastgood/fleet/group_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "lastgood/base/strings.h"

namespace lastgood::fleet {
namespace {

using Json = nlohmann::ordered_json;
using HostRow = std::pair<const core::HostName, core::Kept<core::HostApp>>;

// In an overview.
constexpr std::size_t kRowsShown = 200;    // of each app
constexpr std::size_t kReasonShown = 300;  // bytes

Json or_null(const std::optional<CommitId>& commit) {
    return commit ? Json(commit->hex()) : Json(nullptr);
}

std::optional<CommitId> wished(const core::FleetApp& app) {
    return app.wish ? std::optional(app.wish->value.commit) : std::nullopt;
}

const std::string& reason_of(const core::HostApp& host) {
    return host.refusal ? host.refusal->reason : host.reason;
}

Json app_json(const std::string& name, const core::FleetApp& app) {
    const HostCount count = count_hosts(app);
    return {{"name", name},
            {"commit", or_null(wished(app))},
            {"state", state_word(app)},
            {"last_good", or_null(app.good ? std::optional(app.good->value.commit) : std::nullopt)},
            {"hosts", count.all},
            {"hosts_with_commit", count.there},
            {"grants", app.grants.size()},
            {"paused", app.paused.has_value()},
            {"reason", reason_text(app)}};
}

Json host_json(const core::FleetView& view, const std::string& app, const HostRow& row) {
    const core::HostApp& one = row.second.value;
    const auto record = view.hosts.find(row.first);
    return {{"host", row.first.str()},
            {"app", app},
            {"commit", or_null(one.commit)},
            {"state", one.state},
            {"health", core::to_string(one.health)},
            {"outcome", core::to_string(one.outcome)},
            {"reason", reason_of(one)},
            {"labels",
             record == view.hosts.end() ? Json::object() : Json(record->second.value.labels)}};
}

bool is_wanted(const std::string& asked, const AppName& app) {
    return asked.empty() || asked == app.str();
}

// Lower is shown first.
int place_of(const core::FleetApp& app, const HostRow& row) {
    const core::HostApp& host = row.second.value;
    if (host.health != core::HostHealth::ok) return 0;
    const bool failed =
        host.outcome == core::GrantOutcome::bad || host.outcome == core::GrantOutcome::failed;
    if (failed || host.refusal) return 1;
    if (host.busy || app.grants.contains(row.first)) return 2;
    return host.commit == wished(app) ? 4 : 3;
}

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json app_overview(const core::FleetView& view, const std::string& name, const core::FleetApp& keys,
                  std::size_t rows_max) {
    std::vector<const HostRow*> hosts;
    for (const auto& row : keys.hosts) hosts.push_back(&row);
    // Within one place by name.
    std::stable_sort(hosts.begin(), hosts.end(), [&keys](const HostRow* one, const HostRow* other) {
        return place_of(keys, *one) < place_of(keys, *other);
    });
    const std::size_t shown = std::min(hosts.size(), rows_max);
    Json rows = Json::array();
    for (std::size_t i = 0; i < shown; ++i) {
        const HostRow& host = *hosts[i];
        Json row = host_json(view, name, host);
        row["reason"] = printable(reason_of(host.second.value), kReasonShown);
        row["busy"] = host.second.value.busy || keys.grants.contains(host.first);
        rows.push_back(std::move(row));
    }
    Json app = app_json(name, keys);
    app["reason"] = printable(reason_text(keys), kReasonShown);
    app["rows"] = std::move(rows);
    app["left_out"] = hosts.size() - shown;
    return app;
}

Json group_json(const GroupShown& shown, Json apps) {
    return {{"group", shown.group},
            {"controller", shown.controller},
            {"hosts", shown.view.hosts.size()},
            {"apps", std::move(apps)}};
}

std::string overview(const GroupShown& shown, std::size_t rows_max) {
    Json apps = Json::array();
    for (const auto& [name, keys] : shown.view.apps) {
        apps.push_back(app_overview(shown.view, name.str(), keys, rows_max));
    }
    return dump(group_json(shown, std::move(apps)));
}

}  // namespace

std::string state_word(const core::FleetApp& app) {
    if (app.paused) return "paused";
    if (!app.rollout) return app.good ? "done" : "-";
    return std::string(core::to_string(app.rollout->value.state));
}

std::string reason_text(const core::FleetApp& app) {
    if (app.paused) return "by " + app.paused->value.by;
    if (!app.rollout) return {};
    const core::Rollout& rollout = app.rollout->value;
    if (!rollout.reason.empty()) return rollout.reason;
    std::string text;
    for (const auto& [host, failure] : rollout.failures) {
        text += (text.empty() ? "" : "; ") + host.str() + ": " + failure.reason;
    }
    return text;
}

HostCount count_hosts(const core::FleetApp& app) {
    const auto commit = wished(app);
    const auto there = std::count_if(
        app.hosts.begin(), app.hosts.end(),
        [&commit](const HostRow& host) { return commit && host.second.value.commit == commit; });
    return {static_cast<std::size_t>(there), app.hosts.size()};
}

std::string status_json(const GroupShown& shown, const std::string& app) {
    Json apps = Json::array();
    for (const auto& [name, keys] : shown.view.apps) {
        if (is_wanted(app, name)) apps.push_back(app_json(name.str(), keys));
    }
    return dump(group_json(shown, std::move(apps)));
}

std::string hosts_json(const GroupShown& shown, const std::string& app) {
    Json rows = Json::array();
    for (const auto& [name, keys] : shown.view.apps) {
        if (!is_wanted(app, name)) continue;
        for (const auto& row : keys.hosts) rows.push_back(host_json(shown.view, name.str(), row));
    }
    return dump({{"hosts", std::move(rows)}});
}

std::string overview_json(const GroupShown& shown, std::size_t bytes_max) {
    for (std::size_t rows = kRowsShown;; rows /= 2) {
        std::string text = overview(shown, rows);
        if (rows == 0 || text.size() <= bytes_max) return text;
    }
}

}  // namespace lastgood::fleet
