// Signals; on SIGHUP the config is read again, and only what changed in it changes.
#include <signal.h>

#include <algorithm>

#include "daemon/daemon.h"
#include "daemon/mirrors.h"
#include "daemon/reload.h"
#include "daemon/service_manager.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/idle_pages.h"
#include "lastgood/config/load.h"
#include "lastgood/process/slot_sockets.h"
#include "lastgood/process/terms.h"

namespace lastgood::daemon {
namespace {

constexpr Millis kCalmAfter{5'000};  // the last that was recorded of any app
constexpr Millis kEnterEvery{3'000};

// Looked at before the app as it was ends. A port that it has itself is free then.
Expected<void> can_move(const config::App& before, const config::App& after) {
    if (auto terms = process::terms_of(after); !terms) return terms.error();
    for (const auto& listen : after.listen) {
        const bool its_own =
            std::any_of(before.listen.begin(), before.listen.end(),
                        [&listen](const auto& one) { return one.port == listen.port; });
        if (its_own) continue;
        if (auto can = process::can_listen(listen); !can) return can;
    }
    return {};
}

}  // namespace

void Daemon::on_signal(std::uint32_t signal) {
    if (signal == SIGUSR2) return reexec();
    if (signal != SIGHUP) return stop();
    if (!begun_ || stopping_) return;
    tell_service_manager("RELOADING=1");
    reload();
    tell_service_manager("READY=1");
}

void Daemon::reload() {
    config::Loaded loaded = config::load(config_.path);
    for (const auto& fault : loaded.faults) site_.log.error("config", fault.text());
    if (!loaded.config) {
        return site_.log.error("config",
                               "it is refused, and what was before stays; mend it, look "
                               "with `lastgood check`, and reload again");
    }
    const auto kept = keep_for_restart(config_, *loaded.config);
    if (!kept.empty()) {
        site_.log.warn("config", "changed, but counts only from a restart of lastgood on: " +
                                     join(kept, ", "));
    }
    auto mirrors = link_mirrors(*loaded.config);
    if (!mirrors) {
        return site_.log.error("config", mirrors.error().text() + "; what was before stays");
    }
    site_.mirrors = std::move(*mirrors);
    config_ = std::move(*loaded.config);
    fleet_desk_.apply();
    reload_apps();
    front_door_.apply(config_);
    outbox_.wake();
    admin_entry_.apply(config_.admin);
    site_.log.info("config", "read again");
}

void Daemon::reload_apps() {
    for (auto& app : apps_) {
        const config::App* next = config_.find(app->app().name);
        if (next != nullptr && change_of(app->app(), *next) != AppChange::another_place) {
            app->update(*next);
            continue;
        }
        const std::string& name = app->app().name.str();
        const auto can = next == nullptr ? Expected<void>() : can_move(app->app(), *next);
        if (!can) {
            site_.log.error(name, can.error().text() +
                                      "; it runs on as it was before: mend that, and reload again");
            continue;
        }
        site_.log.info(name, next == nullptr
                                 ? "is no longer in the config: it ends"
                                 : "its listen address or its user has changed: it begins anew");
        leave(std::move(app));
    }
    std::erase(apps_, nullptr);
    std::erase_if(site_.kept_out, [this](const auto& one) {
        const auto name = AppName::parse(one.first);
        return !name || config_.find(*name) == nullptr;
    });
    for (const auto& app : config_.apps) enter(app);
    look_for_promotions();
}

FleetHooks Daemon::fleet_hooks() {
    return {[this](const AppName& app, const std::vector<core::Record>& records) {
                fleet_desk_.recorded(app, records);
            },
            [this](const AppName& app) { fleet_desk_.changed(app); },
            [this](const std::string& app) {
                const auto name = AppName::parse(app);
                return name && fleet_desk_.has(*name);
            },
            [this](const AppName& app, const CommitId& tip) { return fleet_desk_.saw(app, tip); },
            [this](const AppName& app) { return fleet_desk_.looks(app); },
            [this] { return config_.fleet ? &fleet_desk_.state() : nullptr; },
            [this](std::function<void(Expected<std::string>)> done) {
                fleet_desk_.look(std::move(done));
            }};
}

// With `promote` an app depends on what another one does.
const core::AppState* Daemon::state_of(const std::string& app) const {
    for (const auto& service : apps_) {
        if (service && service->app().name.str() == app) return &service->engine().state();
    }
    return nullptr;
}

void Daemon::recorded(const std::string& app) {
    calm_ = site_.loop.after(kCalmAfter, [] { sys::let_go_of_idle_pages(); });
    for (const auto& service : apps_) {
        if (service) service->promoter().recorded(app);
    }
}

void Daemon::look_for_promotions() {
    for (const auto& service : apps_) service->promoter().look();
}

// Unless it is there, or one of the same name has yet to go.
void Daemon::enter(const config::App& app) {
    const auto is_it = [&app](const auto& service) { return service->app().name == app.name; };
    if (std::any_of(apps_.begin(), apps_.end(), is_it)) return;
    if (std::any_of(leaving_.begin(), leaving_.end(), is_it)) return;
    auto state = site_.journal.load(app.name);
    if (!state) return keep_out(app, state.error());
    auto service = std::make_unique<AppService>(site_, app, std::move(*state));
    if (auto opened = service->open(); !opened) return keep_out(app, opened.error());
    if (site_.kept_out.erase(app.name.str()) != 0) {
        site_.log.info(app.name.str(), "what kept it from running has gone");
    }
    housekeeper_.add(service->remote());
    AppService& begun = *apps_.emplace_back(std::move(service));
    const auto place = [this](const auto& one) {
        return std::find_if(config_.apps.begin(), config_.apps.end(),
                            [&one](const auto& other) { return other.name == one->app().name; });
    };
    std::sort(apps_.begin(), apps_.end(),
              [&place](const auto& a, const auto& b) { return place(a) < place(b); });
    begun.begin();
    begun.promoter().look();
    recorded(app.name.str());
}

// It disturbs none of the others, and comes in as soon as it can.
void Daemon::keep_out(const config::App& app, const Error& why) {
    std::string& told = site_.kept_out[app.name.str()];
    if (told != why.text()) {
        told = why.text();
        site_.log.error(app.name.str(), told + "; it is not run until that is mended");
    }
    enter_again_ = site_.loop.after(kEnterEvery, [this] {
        if (stopping_) return;
        for (const auto& one : config_.apps) enter(one);
    });
}

void Daemon::leave(std::unique_ptr<AppService> app) {
    AppService* leaving = leaving_.emplace_back(std::move(app)).get();
    forget_sockets(leaving->app());
    leaving->shut_down([this, leaving] {
        if (stopping_) return app_gone();
        const AppName name = leaving->app().name;
        std::erase_if(leaving_, [leaving](const auto& one) { return one.get() == leaving; });
        // Its place is free now.
        if (const config::App* again = config_.find(name)) enter(*again);
    });
}

}  // namespace lastgood::daemon
