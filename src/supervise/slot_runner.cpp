#include "supervise/slot_runner.h"

#include <algorithm>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/process/preload.h"

namespace lastgood::supervise {
namespace {

// As the C library, Node, Go and Java say it.
bool tells_of_a_port_in_use(const std::vector<std::string>& lines) {
    return std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
        const std::string said = to_lower(line);
        return said.find("address already in use") != std::string::npos ||
               said.find("eaddrinuse") != std::string::npos;
    });
}

}  // namespace

SlotInfo SlotRunner::info() const {
    SlotInfo info;
    if (!run_) return info;
    info.pid = run_->pid();
    info.start_time = run_->start_time();
    info.run = run_id_;
    info.since = run_->since();
    return info;
}

// By systemd's protocol (sd_listen_fds(3)), or `preload`, the object of that name.
Expected<void> SlotRunner::pass_sockets(const std::vector<process::SlotSockets>& listening,
                                        const std::string& preload, sys::SpawnSpec& spawn) {
    constexpr int kFirst = 3;
    preloaded_ = -1;
    handed_over_ = false;
    if (listening.empty()) return {};
    std::string names;
    std::vector<int> fds;
    for (const auto& sockets : listening) {
        const int fd = sockets.fd(slot_);
        // An earlier program may have made the shared description nonblocking; the next one must
        // find it as the protocol promises.
        (void)sys::set_nonblocking(fd, false);
        fds.push_back(fd);
        names += names.empty() ? "" : ":";
        names += sockets.name().empty() ? to_string(slot_) : sockets.name();
    }
    if (!preload.empty()) {
        preloaded_ = fds.front();
        return process::preload(spawn, fds, preload);
    }
    int number = kFirst;
    for (const int fd : fds) spawn.fds.push_back({fd, number++});
    spawn.env.push_back("LISTEN_FDS=" + std::to_string(listening.size()));
    spawn.env.push_back("LISTEN_FDNAMES=" + names);
    spawn.set_listen_pid = true;
    handed_over_ = true;
    return {};
}

Expected<sys::SpawnSpec> SlotRunner::make_spawn(
    const RunSpec& spec, const std::vector<process::SlotSockets>& listening) {
    const RunnerConfig& config = shared_.config;
    sys::SpawnSpec spawn;
    spawn.argv = spec.argv;
    spawn.env = spec.env;
    spawn.workdir = spec.workdir;
    spec.terms.apply_to(spawn);
    if (auto passed = pass_sockets(listening, spec.preload, spawn); !passed) return passed.error();
    if (config.ports) {
        spawn.env.push_back("PORT=" + std::to_string((*config.ports)[index(slot_)]));
    }
    if (ready_rules_.kind == config::Ready::Kind::notify) {
        if (auto made = sys::make_directories(config.runtime_dir); !made) return made.error();
        auto opened =
            NotifySocket::open(shared_.loop, config.runtime_dir + "/notify-" + config.app.str() +
                                                 "-" + std::to_string(spec.run.value));
        if (!opened) return opened.error();
        notify_ = std::move(*opened);
        spawn.env.push_back("NOTIFY_SOCKET=" + notify_->path());
    }
    return spawn;
}

std::unique_ptr<Run> SlotRunner::make_run(RunId id) {
    const RunnerConfig& config = shared_.config;
    Run::Place place{slot_,
                     process::run_token(config.runtime_dir, config.app, id),
                     output_of(config.runtime_dir, config.app, id),
                     {}};
    if (config.cgroups != nullptr) place.group = config.cgroups->group(place.token);
    return std::make_unique<Run>(shared_.loop, shared_.reaper, shared_.log, std::move(place),
                                 [this](ExitReport report) { ended(std::move(report)); });
}

void SlotRunner::limit() {
    if (run_) run_->limit(shared_.config.limits);
}

Expected<void> SlotRunner::take_over(const LeftRun& left) {
    LG_ASSERT(!run_);
    auto run = make_run(left.run);
    if (auto taken = run->take_over(left.pid, left.start_time); !taken) return taken;
    run_ = std::move(run);
    run_id_ = left.run;
    limit();
    ready_rules_ = left.ready;
    ready_ = left.was_ready;
    stopping_ = health_wanted_ = false;
    if (!ready_) await_ready(false);
    return {};
}

void SlotRunner::start(RunSpec spec, const std::vector<process::SlotSockets>& listening) {
    LG_ASSERT(!run_);
    run_id_ = spec.run;
    ready_rules_ = spec.ready.value_or(shared_.config.ready);
    ready_ = stopping_ = health_wanted_ = false;
    run_ = make_run(spec.run);
    auto spawn = make_spawn(spec, listening);
    auto started =
        spawn ? run_->start(*spawn, shared_.config.limits) : Expected<void>(spawn.error());
    if (!started) {
        ExitReport report;
        report.status = started.error().text();
        if (!report.status.starts_with("could not start")) {
            report.status = "could not start: " + report.status;
        }
        return ended(std::move(report));
    }
    shared_.tell([slot = slot_, run = run_id_, pid = run_->pid(),
                  start_time = run_->start_time()](const Listener& listener) {
        if (listener.started) listener.started(slot, run, pid, start_time);
    });
    await_ready(spec.patient);
}

void SlotRunner::await_ready(bool patient) {
    Readiness::News news;
    news.ready = [this] {
        ready_ = true;
        readiness_.reset();
        update_health();
        shared_.tell([slot = slot_, run = run_id_](const Listener& listener) {
            if (listener.ready) listener.ready(slot, run);
        });
    };
    news.not_ready = [this](std::string reason) {
        readiness_.reset();
        if (preloaded_ >= 0 && !process::has_taken(run_->tree(), preloaded_)) {
            reason += "; it never bound the port of `listen` in a way that adopt: preload sees";
        }
        shared_.tell([slot = slot_, run = run_id_, reason](const Listener& listener) {
            if (listener.not_ready) listener.not_ready(slot, run, reason);
        });
    };
    readiness_ =
        std::make_unique<Readiness>(shared_.loop, ready_rules_, patient, target_, std::move(news));
    if (!notify_) return;
    notify_->listen(
        [this](pid_t sender) { return sender == run_->pid() || run_->tree().contains(sender); },
        [this] {
            if (readiness_) readiness_->notified();
        });
}

void SlotRunner::stop(Millis drain_min, std::function<bool()> idle) {
    if (!run_) return;
    if (stopping_) {
        if (!drain_ || idle) return;
        drain_.reset();
        return run_->stop(shared_.config.stop);
    }
    stopping_ = true;
    readiness_.reset();
    health_.reset();
    run_->expect_exit();
    const config::Stop rules = shared_.config.stop;
    if (!idle) return run_->stop(rules);
    drain_ = std::make_unique<Drain>(shared_.loop, drain_min, rules.drain.value_or(rules.timeout),
                                     std::move(idle), [this, rules] {
                                         run_->stop(rules);
                                         drain_.reset();
                                     });
}

void SlotRunner::watch_health(bool on) {
    health_wanted_ = on;
    update_health();
}

void SlotRunner::update_health() {
    const bool wanted = run_ && ready_ && health_wanted_ && !stopping_ &&
                        ready_rules_.kind == config::Ready::Kind::http;
    if (!wanted) return health_.reset();
    if (health_) return;
    health_ = std::make_unique<HealthWatch>(
        shared_.loop, ready_rules_.path, target_, [this](int in_a_row, const std::string& reason) {
            shared_.tell([slot = slot_, run = run_id_, in_a_row, reason](const Listener& listener) {
                if (listener.probe_failed) listener.probe_failed(slot, run, in_a_row, reason);
            });
        });
}

void SlotRunner::ended(ExitReport report) {
    if (handed_over_ && !ready_ && tells_of_a_port_in_use(report.tail)) {
        report.status +=
            "; lastgood holds the port of `listen`: the app has to take descriptor 3, or the "
            "config to say adopt: preload";
    }
    readiness_.reset();
    health_.reset();
    drain_.reset();
    notify_.reset();
    run_.reset();
    shared_.emptied(slot_);
    shared_.tell([slot = slot_, run = run_id_, report](const Listener& listener) {
        if (listener.exited) listener.exited(slot, run, report);
    });
}

}  // namespace lastgood::supervise
