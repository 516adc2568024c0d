// What all parts of the daemon share: the loop and the one of each that there is. Owned by serve();
// outlives every part.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/mirrors.h"
#include "daemon/turns.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/config/config.h"
#include "lastgood/control/target.h"
#include "lastgood/core/news.h"
#include "lastgood/deploy/engine.h"
#include "lastgood/logs/daemon_log.h"
#include "lastgood/process/cgroup.h"
#include "lastgood/store/journal.h"

namespace lastgood::fleet {
struct AgentState;
}

namespace lastgood::daemon {

class Housekeeper;

// What apps tell the fleet. Each is empty where there is none.
struct FleetHooks {
    std::function<void(const AppName& app, const std::vector<core::Record>& records)> recorded;
    std::function<void(const AppName& app)> changed;
    std::function<bool(const std::string& app)> has;
    // The poller's find; true: the app does nothing by itself.
    std::function<bool(const AppName& app, const CommitId& tip)> saw;
    // False: another host looks at the repository for all.
    std::function<bool(const AppName& app)> looks;
    // Null: this host is in no fleet.
    std::function<const fleet::AgentState*()> state;
    std::function<void(std::function<void(Expected<std::string> json)>)> look;
};

struct Site {
    const config::Config& config;
    Mirrors mirrors;      // of the config's apps
    std::string program;  // the lastgood binary
    // What each run and build gets a group of; none: the tree isn't ours.
    std::optional<process::Cgroups> cgroups;
    std::string probe_address;  // of 127.0.0.0/8, this daemon's alone
    bool switches_ports;        // process::can_switch_ports()
    sys::EventLoop& loop;
    Turns looks;  // at remotes
    sys::Reaper& reaper;
    logs::Log& log;
    store::Journal& journal;
    deploy::Storage& storage;
    // Both empty until the API is open. Without followers no event needs to be made.
    std::function<void(const control::Event&)> publish;
    std::function<bool()> followed;
    // What is known of an app of the config, for those that are promoted from it; null: it isn't
    // there. And: something was recorded of it.
    std::function<const core::AppState*(const std::string& app)> state_of;
    std::function<void(const std::string& app)> recorded;
    // A record was refused: the daemon tries again by and by, and deliveries aren't accepted.
    std::function<void()> journal_refused;
    std::function<void()> reexec;  // see control::Target
    // The only app is over, and with it the daemon.
    std::function<void(int exit_code)> end_with;
    // Of what no step of an engine tells.
    std::function<void(const AppName& app, const core::News& news)> tell_of;
    Housekeeper* housekeeper = nullptr;  // null until the apps begin, and at the end
    FleetHooks fleet{};
    std::map<std::string, std::string> kept_out{};  // apps of the config that can't be run, and why
    std::string journal_trouble;  // why records are refused now; empty: they aren't
};

struct AppPaths {
    explicit AppPaths(const std::string& state_dir, const AppName& app)
        : root(state_dir + "/apps/" + app.str()) {}
    std::string root;
    [[nodiscard]] std::string mirror() const { return root + "/repo.git"; }
    [[nodiscard]] std::string releases() const { return root + "/releases"; }
    [[nodiscard]] std::string release(const CommitId& commit) const {
        return releases() + "/" + commit.hex();
    }
    [[nodiscard]] std::string current() const { return root + "/current"; }
    [[nodiscard]] std::string logs() const { return root + "/logs"; }
    // The output of that deployment's steps and hooks.
    [[nodiscard]] std::string step_log(DeploymentId id) const {
        return logs() + "/deployment-" + std::to_string(id.value) + ".log";
    }
};

}  // namespace lastgood::daemon
