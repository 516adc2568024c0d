// The daemon's JSON as plain values, and the bodies of commands. All JSON of the command line is
// read and written here and in webhook_json.h. Missing fields keep their defaults, so that an older
// command can talk to a newer daemon; what is no JSON of the expected kind gives nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lastgood/base/time.h"
#include "lastgood/config/load.h"

namespace lastgood::cli {

struct DeploymentView {
    std::int64_t id = 0;
    std::string app, commit, subject, author, trigger, by, phase, outcome, reason, help, delivery;
    std::optional<WallTime> started_at, finished_at;
    std::vector<std::pair<std::string, Millis>> phases;  // in order
};

struct AppView {
    std::string name, branch, state, commit, subject, last_good, slot, waits, trouble;
    std::int64_t pid = 0;
    std::int64_t uptime_s = 0;
    std::int64_t restarts = 0;
    std::uint64_t memory_bytes = 0;
    double cpu_percent = 0;
    std::int64_t descriptors = 0, threads = 0, processes = 0;  // 0: not sampled yet
    std::uint64_t mirror_bytes = 0;
    bool paused = false;
    std::string beside_commit, beside_slot;  // a second release that runs; empty: none
    std::uint64_t beside_memory_bytes = 0;
    std::optional<DeploymentView> deployment;
};

// What an app used at a moment.
struct SampleView {
    std::optional<WallTime> at;
    std::uint64_t memory_bytes = 0;
    double cpu_percent = 0;  // of one CPU
};

struct DeliveryView {
    std::string id, provider, event, app, ref, commit, decision, reason;
    std::optional<WallTime> received_at;
};

struct QuarantineView {
    std::string app, commit, reason;
    std::optional<WallTime> since;
};

// Somebody who is told, and how that goes.
struct TargetView {
    std::string app, target, kind;
    std::int64_t waiting = 0, delivered = 0, given_up = 0;
    std::string last_event, last_failure;  // empty: none has ended yet; it was delivered
    bool last_delivered = false;
    std::optional<WallTime> last_at;
    std::int64_t tries = 0;  // of the one that is sent next
    std::string failure;
    std::optional<WallTime> next_try_at;
};

// What a command led to.
struct OutcomeView {
    std::int64_t deployment = 0;
    std::string reason, commit;
};

std::optional<std::vector<AppView>> parse_apps(std::string_view json);
std::optional<AppView> parse_app(std::string_view json);
std::optional<std::vector<DeploymentView>> parse_history(std::string_view json);
std::optional<DeploymentView> parse_deployment(std::string_view json);
std::optional<std::vector<SampleView>> parse_samples(std::string_view json);
std::optional<std::vector<DeliveryView>> parse_deliveries(std::string_view json);
std::optional<std::vector<QuarantineView>> parse_quarantine(std::string_view json);
std::optional<std::vector<TargetView>> parse_targets(std::string_view json);
std::optional<OutcomeView> parse_outcome(std::string_view json);
// The row that an event of type "deployment" carries.
std::optional<DeploymentView> parse_deployment_event(std::string_view json);
// How far a deployment is within its phase; 0 and "": not told.
struct ProgressView {
    std::int64_t deployment = 0;
    std::string doing, command, line;
    Millis elapsed{0};
    std::uint64_t objects = 0, objects_total = 0, bytes = 0, files = 0;
    std::int64_t step = 0, steps = 0;
};
std::optional<ProgressView> parse_progress_event(std::string_view json);

std::string parse_error(std::string_view json);  // empty: none in it
// The name under which docs/errors.md explains it; empty: none.
std::string parse_error_help(std::string_view json);
std::string parse_version(std::string_view json);  // empty: none in it

struct CommandWords {
    std::string commit, to, id, by;
    bool force = false;
};
// Empty words are left out.
std::string command_body(const CommandWords& words);

// {"NAME":"TEXT",…} in the given order, for output that doesn't come from the daemon.
std::string object_json(const std::vector<std::pair<std::string, std::string>>& fields);

struct TestedTarget {
    std::string app, target, kind;
    bool told = false;
    std::string why;  // it was not
};
// {"tested":[{"app","target","kind","told","why"}]}
std::string tested_json(const std::vector<TestedTarget>& rows);

// {"faults":[{"file","line","column","message"}]}
std::string faults_json(const std::vector<config::Fault>& faults);

namespace diagnosis {
struct Check;
}
// {"checks":[{"app","check","verdict","found","mend"}]}
std::string checks_json(const std::vector<diagnosis::Check>& checks);

}  // namespace lastgood::cli
