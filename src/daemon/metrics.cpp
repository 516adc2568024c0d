#include "daemon/metrics.h"

#include <map>

#include "daemon/metrics_page.h"
#include "daemon/notifications.h"
#include "lastgood/base/version.h"
#include "lastgood/fleet/channel.h"

namespace lastgood::daemon {
namespace {

using Status = control::AppStatus;
using Statuses = std::vector<Status>;
using Apps = std::vector<std::unique_ptr<AppService>>;

constexpr const char* kStates[] = {"empty", "running", "probation", "backoff", "stopped", "failed"};
constexpr const char* kOutcomes[] = {"good", "failed", "rolled_back", "superseded", "cancelled"};
constexpr const char* kRollouts[] = {"canary", "waves", "done", "halted", "paused"};
constexpr const char* kDecisions[] = {"deploy", "ignored", "stale"};

double seconds(WallTime time) {
    return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

template <typename Value>
void per_app(MetricsPage& page, const Statuses& all, std::string_view name, std::string_view type,
             std::string_view help, const Value& value) {
    page.family(name, type, help);
    for (const Status& status : all) page.sample({{"app", status.name}}, value(status));
}

void tell_processes(MetricsPage& page, const Statuses& all) {
    const auto gauge = [&](std::string_view name, std::string_view help, const auto& value) {
        per_app(page, all, name, "gauge", help, value);
    };
    const auto sampled = [](std::int64_t store::SampleRow::*field) {
        return [field](const Status& status) {
            return status.sample ? (*status.sample).*field : std::int64_t{0};
        };
    };
    gauge("app_up", "1 while a release of the app runs",
          [](const Status& status) { return status.pid != 0 ? 1 : 0; });
    page.family("app_state", "gauge", "1 for the state that the app is in");
    for (const Status& status : all) {
        for (const char* state : kStates) {
            page.sample({{"app", status.name}, {"state", state}}, status.state == state ? 1 : 0);
        }
    }
    gauge("app_paused", "1 while automatic deployments are paused",
          [](const Status& status) { return status.paused ? 1 : 0; });
    gauge("app_deployment_in_progress", "1 while a deployment goes on, its probation included",
          [](const Status& status) { return status.deployment ? 1 : 0; });
    per_app(page, all, "app_restarts_total", "counter",
            "Restarts of the app after an end that nobody asked for",
            [](const Status& status) { return status.restarts; });
    gauge("app_memory_bytes", "Memory of the live release's processes",
          [](const Status& status) { return status.memory_bytes; });
    gauge("app_cpu_ratio", "CPUs that the app used in the last minute", [](const Status& status) {
        return status.sample ? static_cast<double>(status.sample->cpu_permille) / 1000 : 0.0;
    });
    gauge("app_descriptors", "Open descriptors of the app's processes",
          sampled(&store::SampleRow::descriptors));
    gauge("app_threads", "Threads of the app's processes", sampled(&store::SampleRow::threads));
    gauge("app_processes", "The app's processes", sampled(&store::SampleRow::processes));
    gauge("app_uptime_seconds", "Age of the live release's process",
          [](const Status& status) { return status.uptime_s; });
    gauge("app_mirror_bytes", "Size of the app's git mirror",
          [](const Status& status) { return status.mirror_bytes; });
}

void tell_states(MetricsPage& page, const Apps& apps) {
    const auto gauge = [&](std::string_view name, std::string_view help, const auto& value) {
        page.family(name, "gauge", help);
        for (const auto& app : apps) page.sample({{"app", app->app().name.str()}}, value(*app));
    };
    gauge("app_alarm", "1 while what serves users crashes in a loop, or nothing good is left",
          [](AppService& app) { return app.engine().state().alarm ? 1 : 0; });
    gauge("app_repository_unreachable", "1 while the app's repository can't be reached",
          [](AppService& app) { return app.engine().state().unreachable ? 1 : 0; });
    gauge("app_poll_failures", "Looks at the repository that failed, in a row",
          [](AppService& app) { return app.poll_failures(); });
    gauge("app_quarantined_commits", "Commits of the app that are in quarantine",
          [](AppService& app) { return app.engine().state().quarantine.size(); });
    gauge("app_good_releases", "Good releases that can be gone back to",
          [](AppService& app) { return app.engine().state().good.size(); });
}

using Counted = std::map<std::pair<std::string, std::string>, store::CountRow>;

Counted by_word(const Expected<std::vector<store::CountRow>>& rows) {
    Counted counted;
    if (!rows) return counted;
    for (const auto& row : *rows) counted[{row.app, row.word}] = row;
    return counted;
}

// Zeros, too: an increase from nothing is seen as one only then.
void tell_counts(MetricsPage& page, Site& site, const Statuses& all) {
    const Counted deployments = by_word(site.journal.count_deployments());
    const Counted deliveries = by_word(site.journal.count_deliveries());
    const auto count = [](const Counted& counted, const std::string& app, const char* word) {
        const auto found = counted.find({app, word});
        return found == counted.end() ? std::int64_t{0} : found->second.count;
    };
    page.family("deployments_total", "counter", "Deployments that ended, by how");
    for (const Status& status : all) {
        for (const char* outcome : kOutcomes) {
            page.sample({{"app", status.name}, {"outcome", outcome}},
                        count(deployments, status.name, outcome));
        }
    }
    page.family("last_deployment_timestamp_seconds", "gauge",
                "When the newest deployment with this outcome ended; missing where there is none");
    for (const Status& status : all) {
        for (const char* outcome : kOutcomes) {
            const auto found = deployments.find({status.name, outcome});
            if (found == deployments.end()) continue;
            page.sample({{"app", status.name}, {"outcome", outcome}},
                        seconds(found->second.newest));
        }
    }
    page.family("deliveries_total", "counter", "Webhooks that were recorded, by what was decided");
    for (const Status& status : all) {
        for (const char* decision : kDecisions) {
            page.sample({{"app", status.name}, {"decision", decision}},
                        count(deliveries, status.name, decision));
        }
    }
}

// The controller counts for the whole group; the others would have to ask etcd for it.
void tell_fleet(MetricsPage& page, const std::string& group, const fleet::AgentState& state) {
    page.family("fleet_connected", "gauge",
                "1 while this host's lease in etcd is held and what it knows is current");
    page.sample({{"group", group}}, state.connected ? 1 : 0);
    page.family("fleet_controller", "gauge", "1 while this host is its group's controller");
    page.sample({{"group", group}}, state.controls ? 1 : 0);
    if (!state.controls) return;
    page.family("fleet_hosts", "gauge",
                "Hosts of the group that are there, told by its controller");
    page.sample({{"group", group}}, state.hosts);
    page.family("fleet_rollout_state", "gauge", "1 for the state that the app's rollout is in");
    for (const fleet::AppCount& app : state.apps) {
        for (const char* word : kRollouts) {
            page.sample({{"app", app.app.str()}, {"state", word}}, app.state == word ? 1 : 0);
        }
    }
    const auto gauge = [&](std::string_view name, std::string_view help,
                           std::int64_t fleet::AppCount::*field) {
        page.family(name, "gauge", help);
        for (const fleet::AppCount& app : state.apps) {
            page.sample({{"app", app.app.str()}}, app.*field);
        }
    };
    gauge("fleet_app_hosts", "Hosts that take part in the app's rollouts", &fleet::AppCount::hosts);
    gauge("fleet_app_hosts_with_commit", "Of them, those that run what the group shall have",
          &fleet::AppCount::with_commit);
    gauge("fleet_app_grants", "Hosts that are at it now", &fleet::AppCount::grants);
    gauge("fleet_app_failures", "Hosts that failed in the newest rollout",
          &fleet::AppCount::failures);
}

void tell_notifications(MetricsPage& page, const control::Notifications& all) {
    const auto labels = [](const control::TargetStatus& status) {
        return Labels{{"app", status.app}, {"target", status.target}};
    };
    page.family("notifications_waiting", "gauge", "Messages that wait for this target");
    for (const auto& status : all.targets) page.sample(labels(status), status.tally.waiting);
    page.family("notifications_total", "counter", "Messages that left the outbox, by how");
    for (const auto& status : all.targets) {
        Labels delivered = labels(status);
        Labels given_up = delivered;
        delivered.emplace_back("result", "delivered");
        given_up.emplace_back("result", "given_up");
        page.sample(delivered, status.tally.delivered);
        page.sample(given_up, status.tally.given_up);
    }
    page.family("notification_attempts", "gauge",
                "Attempts so far of the message that this target gets next");
    for (const auto& status : all.targets) {
        page.sample(labels(status), status.next ? status.next->tries : 0);
    }
}

}  // namespace

std::string metrics_text(Site& site, const Apps& apps, const Statuses& statuses) {
    MetricsPage page;
    page.family("build_info", "gauge", "1, with the version of the daemon's program");
    page.sample({{"version", program_version()}}, 1);
    page.family("journal_healthy", "gauge", "1 while records are written, and deliveries accepted");
    page.sample({}, site.journal_trouble.empty() ? 1 : 0);
    tell_processes(page, statuses);
    tell_states(page, apps);
    tell_counts(page, site, statuses);
    const auto told = notifications_of(site, std::nullopt);
    if (told) tell_notifications(page, *told);
    const auto* fleet = site.fleet.state ? site.fleet.state() : nullptr;
    if (fleet != nullptr) tell_fleet(page, site.config.fleet->group, *fleet);
    return page.text();
}

}  // namespace lastgood::daemon
