// What operators ask of the whole group: deploy, rollback, pause, resume. Each is written to etcd;
// the controller acts on it.
#include <sys/random.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "cli/daemon_api.h"
#include "cli/exit_code.h"
#include "cli/fleet/group.h"
#include "cli/format.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/fleet/group_json.h"
#include "lastgood/fleet/values.h"

namespace lastgood::cli {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

std::string fresh_id(const char* kind) {
    std::string bytes(8, '\0');
    LG_ASSERT(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    return std::string(kind) + "-" + hex_encode(bytes);
}

// The group, read, with this app in it.
struct Ground {
    std::optional<FleetGroup> group;
    int exit_code = kDone;
};

Ground ground(const Context& context, const std::string& app) {
    auto group = FleetGroup::open(context);
    if (!group) return {{}, refuse(group.error(), kUsage)};
    if (auto read = group->read(); !read) return {{}, refuse(read.error(), kNotReached)};
    if (group->app(app) == nullptr) {
        return {{},
                refuse({"no host of group " + group->config().fleet->group + " has an app " +
                            printable(app, 100),
                        "see lastgood fleet status"},
                       kUsage)};
    }
    return {std::move(*group), kDone};
}

// What must be compared for the write to be done once, however often it is tried.
Expected<bool> write(fleet::Etcd& etcd, const fleet::TxnAsk& ask) {
    std::optional<Error> why;
    for (const Instant until = BootClock::now() + limits::kFleetOrderMax;
         BootClock::now() < until;) {
        auto result = etcd.txn(ask);
        if (const auto* answer = std::get_if<fleet::TxnAnswer>(&result)) return answer->succeeded;
        const auto& failed = std::get<fleet::Failure>(result);
        why = failed.error;
        if (!failed.passes()) break;
        std::this_thread::sleep_for(100ms);
    }
    return *why;
}

// A commit of which something is known in the group, by the beginning of its id; or a full one.
std::optional<CommitId> find_commit(const core::FleetApp& app, const std::string& text) {
    if (const auto whole = CommitId::parse(text)) return whole;
    std::optional<CommitId> found;
    bool several = false;
    const auto look = [&](const CommitId& commit) {
        if (text.size() < 4 || !commit.hex().starts_with(to_lower(text))) return;
        several = several || (found && *found != commit);
        found = commit;
    };
    if (app.wish) look(app.wish->value.commit);
    if (app.good) look(app.good->value.commit);
    if (app.good) std::for_each(app.good->value.before.begin(), app.good->value.before.end(), look);
    for (const auto& [commit, bad] : app.quarantine) look(commit);
    for (const auto& [number, entry] : app.history) {
        if (entry.value.commit) look(*entry.value.commit);
    }
    return several ? std::nullopt : found;
}

// Of the order with that id: how it stands. Nothing: it isn't over.
struct End {
    int exit_code = kDone;
    std::string decision;
    std::string reason;
};

std::optional<End> end_of(const core::FleetApp& app, const std::string& id) {
    for (auto at = app.history.rbegin(); at != app.history.rend(); ++at) {
        const core::FleetEntry& entry = at->second.value;
        if (entry.id != id || entry.decision == "wish") continue;
        const int code = entry.decision == "done"                                       ? kDone
                         : entry.decision == "halted" || entry.decision == "superseded" ? kFailed
                                                                                        : kRefused;
        return End{code, entry.decision, entry.reason};
    }
    return std::nullopt;
}

int tell_end(const Context& context, const std::string& app, const End& end) {
    if (context.json) {
        print(Json{{"app", app}, {"decision", end.decision}, {"reason", end.reason}}.dump() + "\n");
    } else {
        print(app + ": " + printable(end.decision) +
              (end.reason.empty() ? "" : " (" + printable(end.reason) + ")") + "\n");
    }
    return end.exit_code;
}

int follow(const Context& context, FleetGroup& group, const std::string& app,
           const std::string& id) {
    std::string told;
    while (true) {
        const core::FleetApp* keys = group.app(app);
        if (keys != nullptr) {
            if (const auto end = end_of(*keys, id)) return tell_end(context, app, *end);
            const bool ours = keys->rollout && keys->rollout->value.wish == id && keys->wish;
            std::string now = "waits for the controller";
            if (ours) {
                const fleet::HostCount count = fleet::count_hosts(*keys);
                now = std::string(core::to_string(keys->rollout->value.state)) + ", " +
                      std::to_string(count.there) + " of " + std::to_string(count.all) + " hosts";
            }
            if (!context.json && now != std::exchange(told, now)) print(app + ": " + now + "\n");
        }
        std::this_thread::sleep_for(500ms);
        // etcd may be away for a while; what was ordered stands there.
        if (auto read = group.read(); !read) complain(read.error());
    }
}

int order(const Context& context, const std::string& app, core::Proposal proposal,
          const std::string& commit, bool no_wait) {
    Ground found = ground(context, app);
    if (!found.group) return found.exit_code;
    FleetGroup& group = *found.group;
    if (!commit.empty()) {
        proposal.commit = find_commit(*group.app(app), commit);
        if (!proposal.commit) {
            return refuse(
                {printable(commit, 100) + " is no commit that the group knows", "give the full id"},
                kUsage);
        }
    }
    proposal.by = own_name();
    proposal.at = wall_now();
    const std::string key = group.key(core::proposal_key(*AppName::parse(app), proposal.id));
    const auto written = write(
        group.etcd(), {{{key, fleet::Compare::What::created, fleet::Compare::Is::equal, 0, {}}},
                       {fleet::Put{key, fleet::encode(proposal), 0}}});
    if (!written) return refuse(written.error(), kNotReached);
    if (no_wait) return tell_end(context, app, {kDone, "proposed", ""});
    return follow(context, group, app, proposal.id);
}

}  // namespace

int fleet_deploy(const Context& context, const DeployArgs& args) {
    core::Proposal proposal{.id = fresh_id("cli"), .trigger = core::Trigger::cli};
    proposal.force = args.force;
    return order(context, args.app, std::move(proposal), args.commit, args.no_wait);
}

int fleet_rollback(const Context& context, const RollbackArgs& args) {
    core::Proposal proposal{.id = fresh_id("rollback"), .trigger = core::Trigger::rollback};
    return order(context, args.app, std::move(proposal), args.to, args.no_wait);
}

int fleet_pause(const Context& context, const std::string& app) {
    Ground found = ground(context, app);
    if (!found.group) return found.exit_code;
    const std::string key = found.group->key(core::paused_key(*AppName::parse(app)));
    const auto written =
        write(found.group->etcd(),
              {{{key, fleet::Compare::What::created, fleet::Compare::Is::equal, 0, {}}},
               {fleet::Put{key, fleet::encode(core::FleetPause{own_name(), wall_now()}), 0}}});
    if (!written) return refuse(written.error(), kNotReached);
    return tell_end(context, app, {kDone, "paused", *written ? "" : "it was paused already"});
}

int fleet_resume(const Context& context, const std::string& app) {
    Ground found = ground(context, app);
    if (!found.group) return found.exit_code;
    const bool was = found.group->app(app)->paused.has_value();
    const std::string key = found.group->key(core::paused_key(*AppName::parse(app)));
    const auto written = write(found.group->etcd(), {{}, {fleet::Delete{key, {}}}});
    if (!written) return refuse(written.error(), kNotReached);
    return tell_end(context, app, {kDone, "resumed", was ? "" : "it was not paused"});
}

}  // namespace lastgood::cli
