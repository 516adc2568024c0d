// What the group is like: status, hosts, history.
#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "cli/fleet/group.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<CommitId>& commit) {
    return commit ? Json(commit->hex()) : Json(nullptr);
}

std::string short_of(const std::optional<CommitId>& commit) {
    return commit ? commit->short_hex() : "-";
}

// Opened and read; the exit code where that failed.
struct Opened {
    std::optional<FleetGroup> group;
    int exit_code = kDone;
};

Opened open_and_read(const Context& context) {
    auto group = FleetGroup::open(context);
    if (!group) return {{}, refuse(group.error(), kUsage)};
    if (auto read = group->read(); !read) return {{}, refuse(read.error(), kNotReached)};
    return {std::move(*group), kDone};
}

bool wanted(const std::string& asked, const AppName& app) {
    return asked.empty() || asked == app.str();
}

std::string state_of(const core::FleetApp& app) {
    if (app.paused) return "paused";
    if (!app.rollout) return app.good ? "done" : "-";
    return std::string(core::to_string(app.rollout->value.state));
}

std::string note_of(const core::FleetApp& app) {
    if (app.paused) return "by " + app.paused->value.by;
    if (!app.rollout) return {};
    const core::Rollout& rollout = app.rollout->value;
    if (!rollout.reason.empty()) return rollout.reason;
    std::string note;
    for (const auto& [host, failure] : rollout.failures) {
        note += (note.empty() ? "" : "; ") + host.str() + ": " + failure.reason;
    }
    return note;
}

Json status_json(const FleetGroup& group, const std::string& asked) {
    Json apps = Json::array();
    for (const auto& [name, app] : group.view().apps) {
        if (!wanted(asked, name)) continue;
        const auto& wish = app.wish ? std::optional(app.wish->value.commit) : std::nullopt;
        const auto& good = app.good ? std::optional(app.good->value.commit) : std::nullopt;
        const HostCount count = wish ? hosts_with(app, *wish) : HostCount{0, app.hosts.size()};
        apps.push_back({{"name", name.str()},
                        {"commit", or_null(wish)},
                        {"state", state_of(app)},
                        {"last_good", or_null(good)},
                        {"hosts", app.hosts.size()},
                        {"hosts_with_commit", count.there},
                        {"grants", app.grants.size()},
                        {"paused", app.paused.has_value()},
                        {"reason", note_of(app)}});
    }
    return {{"group", group.config().fleet->group},
            {"controller", group.controller()},
            {"hosts", group.view().hosts.size()},
            {"apps", std::move(apps)}};
}

std::string status_text(const FleetGroup& group, const std::string& asked, const Style& style) {
    Table table(
        {{"APP"}, {"COMMIT"}, {"STATE"}, {"HOSTS", true}, {"LAST GOOD"}, {"NOTE", false, true}});
    for (const auto& [name, app] : group.view().apps) {
        if (!wanted(asked, name)) continue;
        const auto wish = app.wish ? std::optional(app.wish->value.commit) : std::nullopt;
        const HostCount count = wish ? hosts_with(app, *wish) : HostCount{0, app.hosts.size()};
        const std::string state = state_of(app);
        const Tone tone = state == "done"     ? Tone::good
                          : state == "halted" ? Tone::bad
                          : state == "paused" ? Tone::warn
                                              : Tone::plain;
        table.add({name.str(),
                   short_of(wish),
                   {state, tone},
                   std::to_string(count.there) + " of " + std::to_string(count.all),
                   app.good ? app.good->value.commit.short_hex() : "-",
                   first_line(note_of(app))});
    }
    const std::string controller = group.controller();
    return "group " + group.config().fleet->group + ", " +
           std::to_string(group.view().hosts.size()) + " hosts; controller " +
           (controller.empty() ? "none just now" : controller) + "\n" +
           (table.empty() ? "no app yet\n" : table.render(style));
}

}  // namespace

int fleet_status(const Context& context, const std::string& app) {
    const Opened opened = open_and_read(context);
    if (!opened.group) return opened.exit_code;
    print(context.json ? status_json(*opened.group, app).dump() + "\n"
                       : status_text(*opened.group, app, context.style));
    return kDone;
}

int fleet_hosts(const Context& context, const std::string& app) {
    const Opened opened = open_and_read(context);
    if (!opened.group) return opened.exit_code;
    const core::FleetView& view = opened.group->view();
    Json rows = Json::array();
    Table table(
        {{"HOST"}, {"APP"}, {"COMMIT"}, {"STATE"}, {"HEALTH"}, {"OUTCOME"}, {"NOTE", false, true}});
    for (const auto& [name, keys] : view.apps) {
        if (!wanted(app, name)) continue;
        for (const auto& [host, kept] : keys.hosts) {
            const core::HostApp& one = kept.value;
            const std::string note = one.refusal ? one.refusal->reason : one.reason;
            const auto record = view.hosts.find(host);
            rows.push_back(
                {{"host", host.str()},
                 {"app", name.str()},
                 {"commit", or_null(one.commit)},
                 {"state", one.state},
                 {"health", core::to_string(one.health)},
                 {"outcome", core::to_string(one.outcome)},
                 {"reason", note},
                 {"labels", record == view.hosts.end() ? Json::object()
                                                       : Json(record->second.value.labels)}});
            table.add({host.str(),
                       name.str(),
                       short_of(one.commit),
                       {or_dash(one.state), tone_of(one.state)},
                       std::string(core::to_string(one.health)),
                       std::string(core::to_string(one.outcome)),
                       first_line(note)});
        }
    }
    if (context.json) {
        print(Json{{"hosts", std::move(rows)}}.dump() + "\n");
    } else {
        print(table.empty() ? "no host is there\n" : table.render(context.style));
    }
    return kDone;
}

int fleet_history(const Context& context, const ListArgs& args) {
    const Opened opened = open_and_read(context);
    if (!opened.group) return opened.exit_code;
    Json rows = Json::array();
    Table table(
        {{"APP"}, {"COMMIT"}, {"TRIGGER"}, {"DECISION"}, {"WHEN"}, {"REASON", false, true}});
    const WallTime now = wall_now();
    for (const auto& [name, keys] : opened.group->view().apps) {
        if (!wanted(args.app, name)) continue;
        int left = args.count;
        for (auto at = keys.history.rbegin(); at != keys.history.rend() && left > 0; ++at, --left) {
            const core::FleetEntry& entry = at->second.value;
            const auto by = entry.by.empty() ? "" : " by " + printable(entry.by, 64);
            rows.push_back(
                {{"id", entry.id},
                 {"app", name.str()},
                 {"commit", or_null(entry.commit)},
                 {"trigger", core::to_string(entry.trigger)},
                 {"by", entry.by},
                 {"decision", entry.decision},
                 {"reason", entry.reason},
                 {"at", format_rfc3339(entry.at)},
                 {"decided_at",
                  entry.decided_at ? Json(format_rfc3339(*entry.decided_at)) : Json(nullptr)}});
            table.add({name.str(), short_of(entry.commit),
                       std::string(core::to_string(entry.trigger)) + by, printable(entry.decision),
                       age(entry.at, now), first_line(entry.reason)});
        }
    }
    if (context.json) {
        print(Json{{"entries", std::move(rows)}}.dump() + "\n");
    } else {
        print(table.empty() ? "nothing was decided yet\n" : table.render(context.style));
    }
    return kDone;
}

}  // namespace lastgood::cli
