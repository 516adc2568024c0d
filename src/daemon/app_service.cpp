// The app's life: opening, beginning, ending, and what it tells.
#include "daemon/app_service.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "daemon/events.h"
#include "daemon/housekeeper.h"
#include "daemon/mirrors.h"
#include "daemon/reload.h"
#include "daemon/run_spec.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/control/event.h"
#include "lastgood/core/repository_id.h"
#include "lastgood/process/last_lines.h"
#include "lastgood/process/process_tree.h"
#include "lastgood/process/tree_end.h"

namespace lastgood::daemon {
namespace {

// Beyond memory_max a fresh process takes over without haste; what grows faster than that is ended
// by the kernel before it takes the machine with it.
process::GroupLimits group_limits(const config::App& app) {
    process::GroupLimits limits{app.memory_max, app.cpu_max};
    if (limits.memory_max) *limits.memory_max += *limits.memory_max / 4;
    return limits;
}

// Users got it when it had been started.
std::optional<WallTime> live_since(const store::DeploymentRow& row) {
    if (!row.starting) {
        // The way back to a release that was running still takes no time.
        return row.outcome == "good" ? std::optional(row.started_at) : std::nullopt;
    }
    return row.started_at + row.fetching.value_or(Millis{0}) + row.building.value_or(Millis{0}) +
           *row.starting;
}

// Two releases of an app side by side need a switch between them.
config::App as_kernel_permits(const Site& site, config::App app) {
    if (!site.switches_ports && app.listens_on_port()) app.rules.two_slots = false;
    return app;
}

}  // namespace

AppService::AppService(Site& site, config::App app, core::AppState state)
    : site_(site),
      app_(as_kernel_permits(site, std::move(app))),
      repository_id_(core::repository_id(app_.repo)),
      paths_(site.config.state_dir, app_.name),
      remote_(remote_of(site.config, site.mirrors, app_)),
      engine_(app_.name, app_.rules, std::move(state), site.storage, *this),
      moments_(paths_.logs()),
      progress_(site, app_.name),
      poller_(
          site, app_, remote_,
          [this](const CommitId& tip) {
              const bool of_fleet = site_.fleet.saw && site_.fleet.saw(app_.name, tip);
              if (!of_fleet) handle(core::PollSaw{tip});
          },
          [this](int in_a_row, const std::string& why) {
              handle(core::LookFailed{in_a_row, why});
          }),
      promoter_(site, engine_, [this] { handle(core::PromotionDue{}); }),
      proxy_(site, app_, [this](bool busy) { runner_->proxy_busy(busy); }),
      crashes_(site.journal, app_.name) {}

AppService::~AppService() = default;

// The app's own user has to get through to its releases, and to nothing beside them.
Expected<void> AppService::make_folders() {
    auto terms = process::terms_of(app_);
    if (!terms) return terms.error();
    for (const auto& folder : {paths_.releases(), paths_.logs()}) {
        if (auto made = sys::make_directories(folder, 0750); !made) return made;
    }
    if (!terms->identity) return {};
    (void)chmod(paths_.mirror().c_str(), 0750);  // if it is there, and from an older version
    const std::string apps = site_.config.state_dir + "/apps";
    for (const auto& folder : {site_.config.state_dir, apps, paths_.root, paths_.releases()}) {
        struct stat status {};
        if (stat(folder.c_str(), &status) != 0 || chmod(folder.c_str(), status.st_mode | 0011)) {
            return system_error("could not let the app's user through " + folder, errno);
        }
    }
    return {};
}

Expected<config::App> AppService::app_of(const CommitId& commit) {
    auto row = site_.journal.release(app_.name, commit);
    if (!row) return row.error();
    if (!*row) return app_;
    auto settings = git::decode_settings((*row)->settings);
    if (!settings) return settings.error();
    return config::with_repository(app_, *settings);
}

Expected<void> AppService::open() {
    if (auto made = make_folders(); !made) return made;
    supervise::RunnerConfig runner{.app = app_.name,
                                   .listen = app_.listen,
                                   .switches_ports = site_.switches_ports,
                                   .ports = app_.ports,
                                   .ready = app_.ready,
                                   .stop = app_.stop,
                                   .log_file = paths_.logs() + "/output.log",
                                   .log_format = site_.config.log.format,
                                   .log_bytes_max = site_.config.log.max_size,
                                   .log_keep = site_.config.log.keep,
                                   .log_compress = site_.config.log.compress,
                                   .log_journald = site_.config.log.journald,
                                   .runtime_dir = site_.config.runtime_dir,
                                   .probe_address = site_.probe_address,
                                   .limits = group_limits(app_),
                                   .cgroups = site_.cgroups ? &*site_.cgroups : nullptr};
    auto opened = supervise::AppRunner::open(site_.loop, site_.reaper, std::move(runner),
                                             listener(), std::move(left_.sockets));
    if (!opened) return opened.error();
    runner_ = std::move(*opened);
    take_over();
    keep_sockets(site_, app_.name, runner_->sockets());
    return {};
}

void AppService::take_over() {
    for (const Slot slot : kSlots) {
        const auto& left = left_.runs[index(slot)];
        if (!left) continue;
        const std::string which =
            "process " + std::to_string(left->pid) + " in slot " + std::string(to_string(slot));
        if (auto taken = runner_->take_over(slot, *left); !taken) {
            site_.log.warn(app_.name.str(),
                           which + " can't be taken over: " + taken.error().text());
            const std::string token =
                process::run_token(site_.config.runtime_dir, app_.name, left->run);
            process::end_leftovers(site_.loop, {left->pid, left->start_time, token}, {},
                                   [](bool) {});
            continue;
        }
        running_since_[index(slot)] = runner_->info(slot).since;
        site_.log.info(app_.name.str(), which + " was started by an earlier daemon and runs on");
    }
    runner_->forget_left();
}

void AppService::begin() {
    remove_half_made_releases();
    refresh_snapshot_of_live();
    const bool otherwise = is_started_otherwise();
    handle(core::DaemonStarted{running_since_});
    // What it didn't go on with after all.
    for (const Slot slot : kSlots) {
        const bool wanted = engine_.state().slot(slot).state != core::RunState::empty;
        if (running_since_[index(slot)] && !wanted) runner_->stop(slot);
    }
    poller_.poll_now();
    begin_renewal();
    if (otherwise && (running_since_[0] || running_since_[1])) renew_by_config();
}

// Than what an earlier daemon started, if there was one; from now on as it is today.
bool AppService::is_started_otherwise() {
    constexpr const char* kNote = "config_process";
    const std::string today = fingerprint(app_);
    const auto before = site_.journal.note(app_.name, kNote);
    if (before && *before == today) return false;
    check(site_.journal.set_note(app_.name, kNote, today));
    return before && !before->empty();
}

void AppService::begin_renewal() {
    renewal_ = std::make_unique<Renewal>(
        site_, app_, [this] { return runner_->memory_bytes(engine_.state().active); },
        [this](const core::RenewWanted& wish) { return ask(wish).accepted; });
}

void AppService::update(const config::App& app) {
    app_ = as_kernel_permits(site_, app);
    repository_id_ = core::repository_id(app_.repo);
    remote_ = remote_of(site_.config, site_.mirrors, app_);
    engine_.set_settings(app_.rules);
    runner_->set_rules(app_.ready, app_.stop, group_limits(app_));
    begin_renewal();
    refresh_snapshot_of_live();
    poller_.set_remote(remote_);
    if (is_started_otherwise()) renew_by_config();
}

// Owed as long as another release is being started.
void AppService::renew_by_config() {
    constexpr Millis kAgain{1'000};
    const core::AppState& state = engine_.state();
    if (!state.live || state.stopped) return;  // what is started later has it anyway
    if (ask(core::RenewWanted{core::RenewCause::config, "its config was changed"}).accepted) return;
    renewal_owed_ = site_.loop.after(kAgain, [this] { renew_by_config(); });
}

// A changed config is for the release that is live, too; an unchanged one must not take from a
// release that was rolled back to the command line of its own time.
void AppService::refresh_snapshot_of_live() {
    const std::string today = encode_snapshot(snapshot_of(app_));
    auto before = site_.journal.note(app_.name, "config_run");
    const auto& live = engine_.state().live;
    if (!before || *before == today) return;
    if (live && !before->empty()) {
        auto app = app_of(*live);
        if (!app) return check(app.error());
        // One from before the repository was to say what is run keeps its line.
        if (!app->run.argv.empty()) {
            check(site_.journal.set_run_spec(app_.name, *live, encode_snapshot(snapshot_of(*app))));
        }
    }
    check(site_.journal.set_note(app_.name, "config_run", today));
}

void AppService::remove_half_made_releases() {
    auto rows = site_.journal.releases(app_.name);
    if (!rows) return check(rows.error());
    for (const auto& row : *rows) {
        const auto commit = CommitId::parse(row.commit);
        if (row.built || !commit || !sys::exists(paths_.release(*commit))) continue;
        if (auto removed = sys::remove_tree(paths_.release(*commit)); !removed) {
            site_.log.warn(app_.name.str(), removed.error().text());
        }
    }
}

void AppService::shut_down(std::function<void()> gone) {
    gone_ = [this, gone = std::move(gone)] {
        for (const auto& sockets : runner_->sockets()) sockets.remove_paths();
        gone();
    };
    timers_.clear();
    renewal_.reset();
    renewal_owed_.reset();
    prune_timer_.reset();
    fetch_timer_.reset();
    builder_.reset();
    session_.reset();
    pruning_.reset();
    build_after_prune_ = {};
    restoring_ = {};
    hooks_.clear();
    bool runs = false;
    for (const Slot slot : kSlots) {
        if (runner_->info(slot).pid == 0) continue;
        runs = true;
        runner_->stop_now(slot);
    }
    if (!runs) site_.loop.defer(gone_);
}

void AppService::handle(const core::Event& event) {
    (void)ask(event);
}

core::Answer AppService::ask(const core::Event& event) {
    // The state as it was is what the next daemon goes on with.
    if (gone_) return {false, {}, {}, {}};
    in_question_ = deployment_of(event, engine_.state());
    core::Answer answer = engine_.handle(event);
    in_question_ = {};
    if (!engine_.healthy()) site_.journal_refused();
    if (site_.fleet.changed) site_.fleet.changed(app_.name);
    return answer;
}

void AppService::check(const Expected<void>& stored) {
    if (stored) return;
    site_.log.error(app_.name.str(), stored.error().text());
    site_.journal_refused();
}

supervise::Listener AppService::listener() {
    supervise::Listener listener;
    listener.ready = [this](Slot slot, RunId run) { handle(core::RunReady{slot, run}); };
    listener.not_ready = [this](Slot slot, RunId run, std::string reason) {
        handle(core::RunNotReady{slot, run, std::move(reason)});
    };
    listener.probe_failed = [this](Slot slot, RunId run, int in_a_row, std::string reason) {
        handle(core::ProbeFailed{slot, run, in_a_row, std::move(reason)});
    };
    listener.exited = [this](Slot slot, RunId run, supervise::ExitReport report) {
        if (app_.exit_with_app && !report.asked && core::stands_alone(engine_.state(), slot)) {
            site_.log.info(app_.name.str(), report.status + ": lastgood ends with it");
            // As stored, it runs: the next daemon starts it.
            return site_.end_with(report.exit_code);
        }
        const auto commit = engine_.state().slot(slot).commit;
        // Users first: the way back must not wait for a row that only helps after our own death.
        handle(core::RunExited{slot, run, report.status, process::tail_text(report.tail),
                               report.asked});
        if (!report.asked) {
            if (commit && core::starts_again(engine_.state(), slot, *commit)) ++restarts_;
            note_crash(slot, commit, report.status);
        }
        if (report.too_slow) {
            site_.log.warn(app_.name.str(), "slot " + std::string(to_string(slot)) + ": " +
                                                report.status +
                                                "; should it need longer, raise `stop.timeout`");
        }
        if (runner_->info(slot).pid == 0) {
            check(site_.journal.clear_process(app_.name.str(), std::string(to_string(slot))));
        }
        if (gone_ && runner_->info(Slot::blue).pid == 0 && runner_->info(Slot::green).pid == 0) {
            site_.loop.defer(gone_);
        }
    };
    listener.started = [this](Slot slot, RunId, pid_t pid, std::uint64_t start_time) {
        check(site_.journal.set_process(
            {app_.name.str(), std::string(to_string(slot)), pid, start_time}));
    };
    return listener;
}

void AppService::note_crash(Slot slot, const std::optional<CommitId>& commit,
                            const std::string& status) {
    const control::Crash crash{app_.name.str(), commit ? commit->hex() : "",
                               std::string(to_string(slot)), status, wall_now()};
    // Only told: the world goes on without it, so a full disk is no reason to refuse deliveries.
    if (auto noted = crashes_.add(crash); !noted) {
        site_.log.warn(app_.name.str(), noted.error().text());
    }
    if (site_.followed && site_.followed()) site_.publish(control::crash_event(crash));
}

control::AppStatus AppService::status() const {
    const core::AppState& state = engine_.state();
    control::AppStatus out;
    out.name = app_.name.str();
    out.branch = app_.followed.name();
    out.state = core::condition(state);
    out.paused = state.paused;
    out.restarts = restarts_;
    if (const auto good = core::rollback_target(state, std::nullopt)) out.last_good = good->hex();
    if (state.live) {
        out.commit = state.live->hex();
        auto row = site_.journal.release(app_.name, *state.live);
        if (row && *row) {
            out.subject = (*row)->subject;
            out.author = (*row)->author;
        }
        if (const auto newest = site_.journal.newest_of(app_.name, *state.live)) {
            out.since = *newest ? live_since(**newest) : std::nullopt;
        }
    }
    const supervise::SlotInfo info = runner_->info(state.active);
    if (info.pid != 0) {
        out.slot = to_string(state.active);
        out.pid = info.pid;
        out.memory_bytes = runner_->memory_bytes(state.active);
        if (info.since) {
            out.uptime_s = (BootClock::now() - *info.since).count() / 1000;
        }
    }
    out.sample = meter_.newest();
    const Slot standby = other(state.active);
    if (const auto warm = runner_->info(standby); warm.pid != 0) {
        const auto& commit = state.slot(standby).commit;
        out.beside = {commit ? commit->hex() : "", std::string(to_string(standby)), warm.pid,
                      runner_->memory_bytes(standby)};
    }
    DeploymentId going_on;
    if (state.trial) going_on = state.trial->deployment;
    if (state.waiting) going_on = state.waiting->id;
    if (state.work) going_on = state.work->id;
    if (going_on) {
        auto row = site_.journal.deployment(going_on);
        if (row) out.deployment = *row;
    }
    if (site_.housekeeper != nullptr) {
        out.mirror_bytes = site_.housekeeper->bytes(remote_);
    }
    out.waits = promoter_.note();
    out.trouble = engine_.trouble();
    if (out.trouble.empty() && state.failed) out.trouble = "no good release to go back to";
    if (out.trouble.empty() && !site_.journal_trouble.empty()) {
        out.trouble = "nothing can be recorded: " + site_.journal_trouble;
    }
    if (out.trouble.empty()) out.trouble = promoter_.trouble();
    if (out.trouble.empty()) out.trouble = poller_.trouble();
    return out;
}

}  // namespace lastgood::daemon
