// How the daemon ends: with its apps, or without them when another is to go on.
#include <unistd.h>

#include <algorithm>

#include "daemon/daemon.h"
#include "daemon/service_manager.h"
#include "lastgood/base/limits.h"

namespace lastgood::daemon {
namespace {

constexpr Millis kStopMargin{5'000};

}  // namespace

void Daemon::stop() {
    if (stopping_) return;
    stopping_ = true;
    leaves_apps_ = unlink(restart_mark().c_str()) == 0 && begun_ && exit_code_ == 0;
    tell_service_manager("STOPPING=1");
    site_.log.info("daemon", "stopping");
    stop_parts();
}

void Daemon::stop_parts() {
    look_again_.reset();
    retry_.reset();
    trying_successor_.reset();
    housekeeper_.stop();
    sampler_.stop();
    outbox_.stop();
    admin_entry_.stop();
    front_door_.stop([this] { fleet_desk_.stop(!leaves_apps_, [this] { stop_apps(); }); });
}

// Made by the unit's ExecStop: a signal doesn't tell a restart from a stop.
std::string Daemon::restart_mark() const {
    return site_.config.runtime_dir + "/restarting";
}

void Daemon::stop_apps() {
    if (leaves_apps_) {
        site_.log.info("daemon",
                       std::string(legacy_ ? "the program is replaced" : "lastgood is restarted") +
                           ": the apps run on");
        return site_.loop.stop();
    }
    if (!begun_ || (apps_.empty() && leaving_.empty())) return site_.loop.stop();
    Millis longest{0};
    apps_left_ = apps_.size() + leaving_.size();
    for (const auto& app : apps_) {
        longest = std::max(longest, app->app().stop.timeout);
        app->shut_down([this] { app_gone(); });
    }
    stop_deadline_ = site_.loop.after(longest + limits::kKillConfirmMax + kStopMargin, [this] {
        site_.log.error("daemon", "some processes of the apps could not be ended");
        site_.loop.stop();
    });
}

void Daemon::app_gone() {
    if (--apps_left_ == 0) site_.loop.stop();
}

}  // namespace lastgood::daemon
