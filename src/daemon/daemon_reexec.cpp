// SIGUSR2 and `lastgood reexec`: another program in this process; and the end together with the
// only app.
#include <fcntl.h>

#include "daemon/daemon.h"
#include "daemon/service_manager.h"
#include "daemon/successor.h"

namespace lastgood::daemon {

void Daemon::reexec() {
    if (!begun_ || stopping_ || trying_successor_) return;
    site_.log.info("daemon", site_.program + " is to take this program's place");
    trying_successor_ = try_successor(site_, [this](const std::string& why_not) {
        trying_successor_.reset();
        if (why_not.empty()) return make_way();
        site_.log.error("daemon", "the program stays as it is: " + why_not);
    });
}

void Daemon::make_way() {
    if (stopping_) return;
    stopping_ = leaves_apps_ = true;
    tell_service_manager("RELOADING=1");
    auto& sockets = legacy_.emplace();
    for (const auto& app : apps_) copy_sockets(app->app().name, app->sockets(), sockets);
    if (front_door_.socket() >= 0) {
        sockets.push_back(
            {kWebhookSocket, sys::Fd(fcntl(front_door_.socket(), F_DUPFD_CLOEXEC, 0))});
    }
    stop_parts();
}

void Daemon::end_with(int exit_code) {
    if (stopping_) return;
    exit_code_ = exit_code;
    stop();
}

}  // namespace lastgood::daemon
