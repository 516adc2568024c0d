// What the group is like: status, hosts, history.
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/exit_code.h"
#include "cli/fleet/group.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/watch.h"
#include "lastgood/base/strings.h"
#include "lastgood/fleet/group_json.h"

namespace lastgood::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis kLookEvery{500};  // at the store's revision, with --watch

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

fleet::GroupShown shown(const FleetGroup& group) {
    return {group.config().fleet->group, group.controller(), group.view()};
}

std::string status_text(const FleetGroup& group, const std::string& asked, const Style& style) {
    Table table(
        {{"APP"}, {"COMMIT"}, {"STATE"}, {"HOSTS", true}, {"LAST GOOD"}, {"NOTE", false, true}});
    for (const auto& [name, app] : group.view().apps) {
        if (!wanted(asked, name)) continue;
        const auto wish = app.wish ? std::optional(app.wish->value.commit) : std::nullopt;
        const fleet::HostCount count = fleet::count_hosts(app);
        const std::string state = fleet::state_word(app);
        const Tone tone = state == "done"     ? Tone::good
                          : state == "halted" ? Tone::bad
                          : state == "paused" ? Tone::warn
                                              : Tone::plain;
        table.add({name.str(),
                   short_of(wish),
                   {state, tone},
                   std::to_string(count.there) + " of " + std::to_string(count.all),
                   app.good ? app.good->value.commit.short_hex() : "-",
                   first_line(fleet::reason_text(app))});
    }
    const std::string controller = group.controller();
    return "group " + group.config().fleet->group + ", " +
           std::to_string(group.view().hosts.size()) + " hosts; controller " +
           (controller.empty() ? "none just now" : controller) + "\n" +
           (table.empty() ? "no app yet\n" : table.render(style));
}

std::string hosts_text(const FleetGroup& group, const std::string& asked, const Style& style) {
    Table table(
        {{"HOST"}, {"APP"}, {"COMMIT"}, {"STATE"}, {"HEALTH"}, {"OUTCOME"}, {"NOTE", false, true}});
    for (const auto& [name, keys] : group.view().apps) {
        if (!wanted(asked, name)) continue;
        for (const auto& [host, kept] : keys.hosts) {
            const core::HostApp& one = kept.value;
            table.add({host.str(),
                       name.str(),
                       short_of(one.commit),
                       {or_dash(one.state), tone_of(one.state)},
                       std::string(core::to_string(one.health)),
                       std::string(core::to_string(one.outcome)),
                       first_line(one.refusal ? one.refusal->reason : one.reason)});
        }
    }
    return table.empty() ? "no host is there\n" : table.render(style);
}

// Until the store has another revision, or etcd goes away. A write of another group shows as well:
// the view is the same then.
void follow_store(FleetGroup& group, const Pulse& pulse) {
    fleet::Revision seen = group.view().revision;
    while (const auto wait = pulse.tick()) {
        std::this_thread::sleep_for(*wait < Millis(0) ? kLookEvery : std::min(*wait, kLookEvery));
        const auto result = group.etcd().range({.key = group.key(""), .count_only = true});
        const auto* answer = std::get_if<fleet::RangeAnswer>(&result);
        if (answer == nullptr) return;
        if (std::exchange(seen, answer->revision) != answer->revision) pulse.happened();
    }
}

// What `text_of` makes of the group, once or as it changes.
template <typename TextOf>
int show(const Context& context, const StatusArgs& args, const TextOf& text_of) {
    auto group = FleetGroup::open(context);
    if (!group) return refuse(group.error(), kUsage);
    const auto view = [&group, &text_of](const Context& now, std::string& text) -> Reply {
        if (auto read = group->read(); !read) return {kNotReached, read.error(), {}};
        text = text_of(now, *group);
        return {};
    };
    if (args.watch) {
        return watch(context, view, [&group](const Pulse& pulse) { follow_store(*group, pulse); });
    }
    std::string text;
    const Reply reply = view(context, text);
    if (!reply.ok()) return refuse(reply.error, reply.exit_code);
    print(text);
    return kDone;
}

}  // namespace

int fleet_status(const Context& context, const StatusArgs& args) {
    return show(context, args, [&args](const Context& now, const FleetGroup& group) {
        return now.json ? fleet::status_json(shown(group), args.app) + "\n"
                        : status_text(group, args.app, now.style);
    });
}

int fleet_hosts(const Context& context, const StatusArgs& args) {
    return show(context, args, [&args](const Context& now, const FleetGroup& group) {
        return now.json ? fleet::hosts_json(shown(group), args.app) + "\n"
                        : hosts_text(group, args.app, now.style);
    });
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
