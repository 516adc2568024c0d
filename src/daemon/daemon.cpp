#include "daemon/daemon.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "daemon/mirrors.h"
#include "daemon/rebuild.h"
#include "daemon/role_groups.h"
#include "daemon/service_manager.h"
#include "lastgood/base/assert.h"
#include "lastgood/base/sys/idle_pages.h"
#include "lastgood/process/process_tree.h"
#include "lastgood/process/tree_end.h"

namespace lastgood::daemon {
namespace {

// An earlier daemon's app holds the port until it is gone: no long farewell.
constexpr Millis kLeftoverGrace{3'000};

// This daemon's own address of 127.0.0.0/8, the source of its probes: the same for one runtime
// directory, different between daemons of one machine, and none that people use.
std::string probe_address(const std::string& runtime_dir) {
    const std::size_t hash = std::hash<std::string>{}(runtime_dir);
    return "127." + std::to_string(64 + hash % 128) + "." + std::to_string(hash / 128 % 256) + "." +
           std::to_string(1 + hash / 32768 % 254);
}

}  // namespace

Daemon::Daemon(const config::Config& config, const std::string& program, sys::EventLoop& loop,
               sys::Reaper& reaper, logs::Log& log, store::Journal& journal, std::int64_t next_id,
               std::vector<PassedSocket> passed, bool journal_is_new)
    : config_(config),
      site_{.config = config_,
            .mirrors = {},
            .program = program,
            .cgroups = {},
            .probe_address = probe_address(config.runtime_dir),
            .switches_ports = process::can_switch_ports(),
            .loop = loop,
            .looks{loop, limits::kLooksAtOnce},
            .reaper = reaper,
            .log = log,
            .journal = journal,
            .storage = storage_,
            .publish = {},
            .followed = {},
            .state_of = [this](const std::string& app) { return state_of(app); },
            .recorded = [this](const std::string& app) { recorded(app); },
            .journal_refused = [this] { journal_refused(); },
            .reexec = [this] { reexec(); },
            .end_with = [this](int exit_code) { end_with(exit_code); },
            .tell_of = [this](const AppName& app, const core::News& news) { tell_of(app, news); },
            .housekeeper = nullptr,
            .kept_out = {},
            .journal_trouble = {}},
      journal_is_new_(journal_is_new),
      news_(
          config_, journal, [this] { outbox_.wake(); },
          [this](const std::string& app, const std::string& target) {
              site_.log.error(app, target + ": too many messages wait for it; the oldest is lost");
          }),
      storage_(journal, next_id, news_),
      slot_sockets_(take_slot_sockets(passed)),
      operator_desk_(site_, apps_),
      fleet_desk_(site_, apps_),
      delivery_desk_(site_, apps_, fleet_desk_),
      housekeeper_(site_, [this](const std::string& mirror) { return is_at_work(mirror); }),
      sampler_(site_, apps_),
      outbox_(site_),
      admin_entry_(site_),
      front_door_(site_, std::move(passed)) {}

int Daemon::run() {
    process::adopt_orphans();
    open_cgroups();
    tell_of_switch();
    (void)unlink(restart_mark().c_str());
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGUSR2);
    LG_ASSERT(pthread_sigmask(SIG_BLOCK, &mask, nullptr) == 0);
    signals_ = sys::Fd(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
    signal_watch_ = site_.loop.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) {
        signalfd_siginfo info{};
        if (read(signals_.get(), &info, sizeof info) == sizeof info) on_signal(info.ssi_signo);
    });
    look_around(BootClock::now());
    site_.loop.run();
    if (site_.cgroups) site_.cgroups->remove();
    return exit_code_;
}

void Daemon::open_cgroups() {
    auto opened = process::Cgroups::open(site_.config.runtime_dir);
    const bool bounds_cpu = opened && opened->bounds_cpu();
    if (opened) {
        site_.log.info("daemon", "each app runs in a cgroup of its own in " + opened->path());
        site_.cgroups = std::move(*opened);
    } else {
        site_.log.info("daemon", "apps run without cgroups: " + opened.error().text());
    }
    if (bounds_cpu) return;
    for (const auto& app : site_.config.apps) {
        if (app.cpu_max) {
            site_.log.warn(app.name.str(),
                           "cpu_max has no effect: the kernel's cpu controller isn't ours here");
        }
    }
}

void Daemon::tell_of_switch() {
    const auto& apps = site_.config.apps;
    const bool needed = std::any_of(apps.begin(), apps.end(),
                                    [](const auto& app) { return app.listens_on_port(); });
    if (site_.switches_ports || !needed) return;
    site_.log.warn(
        "daemon",
        "this kernel has no switch between sockets of one port "
        "(SO_ATTACH_REUSEPORT_CBPF, Linux 4.5): a new release starts when the one before "
        "has ended, and who connects meanwhile waits. For a switch without a pause give "
        "the app `ports` behind a proxy, or a unix path in `listen`");
}

void Daemon::fail(const Error& error) {
    site_.log.error("daemon", error.text());
    exit_code_ = 1;
    stop();
}

void Daemon::look_around(Instant began) {
    constexpr Millis kPause{5};
    const auto seen = process::tokens_in_sight();
    if (seen.uncertain && BootClock::now() - began < process::kUncertainMax) {
        look_again_ = site_.loop.after(kPause, [this, began] { look_around(began); });
        return;
    }
    if (auto loaded = load_apps(seen); !loaded) return fail(loaded.error());
    end_leftovers(seen);
}

Expected<void> Daemon::load_apps(const process::TokensInSight& seen) {
    auto mirrors = link_mirrors(site_.config);
    if (!mirrors) return mirrors.error();
    site_.mirrors = std::move(*mirrors);
    for (const auto& app : site_.config.apps) {
        auto state = site_.journal.load(app.name);
        if (!state) site_.log.error(app.name.str(), state.error().text());
        if (!state || journal_is_new_) {
            auto rebuilt = rebuild(site_, app.name, seen);
            if (!rebuilt) return rebuilt.error();
            state = std::move(rebuilt->state);
            for (const RunId run : rebuilt->left) lost_runs_.emplace_back(app.name, run);
        }
        apps_.push_back(std::make_unique<AppService>(site_, app, std::move(*state)));
    }
    return {};
}

void Daemon::end_leftover(process::Leftover left) {
    ++leftovers_;
    process::end_leftovers(site_.loop, std::move(left),
                           {.signal = SIGTERM, .grace = kLeftoverGrace}, [this](bool nothing_left) {
                               if (!nothing_left) {
                                   site_.log.error("daemon",
                                                   "a process of an earlier run can't be ended");
                               }
                               if (--leftovers_ == 0) begin();
                           });
}

bool Daemon::is_taken_over(const store::ProcessRow& row) const {
    return std::any_of(apps_.begin(), apps_.end(), [&row](const auto& app) {
        if (app->app().name.str() != row.app) return false;
        return std::any_of(std::begin(kSlots), std::end(kSlots), [&](Slot slot) {
            return row.place == to_string(slot) && app->left().runs[index(slot)].has_value();
        });
    });
}

// Processes of an earlier daemon that can't be taken over: by pid and start time where those were
// stored, and by the token that each run carries, for one that was made just before the end.
void Daemon::end_leftovers(const process::TokensInSight& seen) {
    const auto end_those_of = [&](std::string token) {
        if (seen.tokens.contains(token)) end_leftover({.token = std::move(token)});
    };
    auto rows = site_.journal.processes();
    if (!rows) return fail(rows.error());
    for (const auto& app : apps_) {
        app->expect_left(find_left(site_, app->app(), app->engine().state(), *rows, slot_sockets_));
    }
    forget_rest(slot_sockets_);
    ++leftovers_;
    for (const auto& row : *rows) {
        if (is_taken_over(row)) continue;
        end_leftover({static_cast<pid_t>(row.pid), row.start_time});
        if (auto cleared = site_.journal.clear_process(row.app, row.place); !cleared) {
            return fail(cleared.error());
        }
    }
    for (const auto& app : apps_) {
        const core::AppState& state = app->engine().state();
        std::set<RunId> runs{state.slots[0].run, state.slots[1].run};
        for (const auto& left : app->left().runs) {
            if (left) runs.erase(left->run);
        }
        for (const RunId run : runs) {
            if (!run) continue;
            end_those_of(process::run_token(site_.config.runtime_dir, app->app().name, run));
        }
        if (state.work) {
            end_those_of(build_token(site_.config, app->app().name, state.work->id));
        }
    }
    for (const auto& [app, run] : lost_runs_) {
        end_those_of(process::run_token(site_.config.runtime_dir, app, run));
    }
    for (auto& group : left_groups()) end_leftover({.group = std::move(group)});
    if (--leftovers_ == 0) begin();
}

std::vector<process::Cgroup> Daemon::left_groups() const {
    if (!site_.cgroups) return {};
    std::set<std::string> kept;
    for (const auto& app : apps_) {
        for (const auto& left : app->left().runs) {
            if (!left) continue;
            const std::string token =
                process::run_token(site_.config.runtime_dir, app->app().name, left->run);
            kept.insert(site_.cgroups->group(token).path());
        }
    }
    auto groups = site_.cgroups->groups();
    std::erase_if(groups, [&](const auto& group) { return kept.contains(group.path()); });
    return groups;
}

void Daemon::begin() {
    if (stopping_) return;
    if (auto opened = open_all(); !opened) return fail(opened.error());
    begun_ = true;
    site_.housekeeper = &housekeeper_;
    site_.fleet = fleet_hooks();
    fleet_desk_.apply();
    for (const auto& app : apps_) {
        housekeeper_.add(app->remote());
        app->begin();
    }
    look_for_promotions();
    sampler_.begin();
    outbox_.begin();
    if (auto opened = open_front_door(); !opened) return fail(opened.error());
    if (!front_door_.is_open()) ready();
}

Expected<void> Daemon::open_all() {
    auto groups = role_groups(site_.config.control);
    if (!groups) return groups.error();
    auto control = control::Server::open(site_.loop, site_.config.runtime_dir + "/control.sock",
                                         operator_desk_, std::move(*groups));
    if (!control) return control.error();
    control_ = std::move(*control);
    site_.publish = [this](const control::Event& event) { control_->publish(event); };
    site_.followed = [this] { return control_->has_subscribers(); };
    if (auto opened = admin_entry_.open(*control_); !opened) return opened;
    for (auto& app : apps_) {
        auto opened = app->open();
        if (opened) continue;
        keep_out(app->app(), opened.error());
        app.reset();
    }
    std::erase(apps_, nullptr);
    return {};
}

Expected<void> Daemon::open_front_door() {
    receiver::HostCallbacks callbacks;
    callbacks.on_deliveries = [this](const std::vector<receiver::Incoming>& batch) {
        return delivery_desk_.receive(batch);
    };
    callbacks.on_status = [this](const receiver::StatusQuestion& question) {
        return delivery_desk_.status(question);
    };
    callbacks.healthy = [this] {
        std::string why_not;
        return operator_desk_.healthy(why_not);
    };
    callbacks.on_log = [this](config::LogLevel level, const std::string& text) {
        site_.log.write(level, "receiver", text);
    };
    callbacks.on_ready = [this] { ready(); };
    return front_door_.open(std::move(callbacks));
}

void Daemon::ready() {
    if (stopping_) return;
    site_.log.info("daemon", front_door_.is_open()
                                 ? "webhooks are received on " + front_door_.place()
                                 : "running without a webhook receiver");
    tell_service_manager("READY=1");
    tell_watchdog();
    sys::let_go_of_idle_pages();
}

// From the loop, so that a loop that hangs is silent.
void Daemon::tell_watchdog() {
    const Millis every = watchdog_every();
    if (every <= Millis(0)) return;
    tell_service_manager("WATCHDOG=1");
    watchdog_ = site_.loop.after(every, [this] { tell_watchdog(); });
}

bool Daemon::is_at_work(const std::string& mirror) const {
    return std::any_of(apps_.begin(), apps_.end(), [&](const auto& app) {
        return real_mirror(app->remote()) == mirror && app->engine().state().work.has_value();
    });
}

}  // namespace lastgood::daemon
