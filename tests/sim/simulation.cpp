#include "sim/simulation.h"

#include "lastgood/base/limits.h"
#include "sim/rules.h"

namespace lastgood::sim {
namespace {

using namespace std::chrono_literals;
constexpr Millis kAnnouncedIsLiveWithin = 25min;  // a fetch or a build hangs, one waits for its try
constexpr Millis kCalm = 6h;                      // fetches back off to minutes, polls to an hour

core::Settings any_settings(Random& random, bool two_slots) {
    core::Settings settings;
    settings.two_slots = two_slots;
    settings.keep_previous = random.chance(75);
    settings.finish_before_newer = random.chance(25);
    settings.rollback_after_good = random.chance(25);
    settings.watch_liveness = random.chance(30);
    settings.fast_forward_only = random.chance(15);
    settings.keep_releases = 1 + static_cast<int>(random.below(4));
    settings.crash_loop.crashes = random.chance(20) ? 1 : 3;
    if (random.chance(20)) settings.probation = 3min;
    return settings;
}

// From the first app, where both have the same repository.
std::optional<core::Promotion> any_promotion(Random& random, const Host& from, const Host& app) {
    if (&from.remote != &app.remote || random.chance(30)) return std::nullopt;
    constexpr Millis kAfter[] = {0min, 1min, 10min};
    return core::Promotion{from.name.str(), kAfter[random.below(3)]};
}

}  // namespace

Result simulate(std::uint64_t seed) {
    Simulation simulation(seed);
    Result result;
    try {
        simulation.run();
    } catch (const Broken& broken) {
        result.broken = broken.what;
    }
    result.counts = simulation.ground().counts;
    return result;
}

std::string trace_of(std::uint64_t seed, std::size_t lines_kept) {
    Simulation simulation(seed, lines_kept);
    std::string end;
    try {
        simulation.run();
    } catch (const Broken& broken) {
        end = "BROKEN: " + broken.what + "\n";
    }
    return simulation.ground().trace() + end;
}

Simulation::Simulation(std::uint64_t seed, std::size_t lines_kept) : ground_(seed), disk_(ground_) {
    ground_.lines_kept = lines_kept;
    Random& random = ground_.random;
    remotes_.push_back(std::make_unique<Remote>(ground_, 0));
    if (random.chance(30)) remotes_.push_back(std::make_unique<Remote>(ground_, 1));
    const std::size_t apps = remotes_.size() + (random.chance(30) ? 1 : 0);
    for (std::size_t i = 0; i < apps; ++i) {
        constexpr const char* kNames[] = {"one", "two", "three"};
        hosts_.push_back(std::make_unique<Host>(ground_, *remotes_[i % remotes_.size()], disk_,
                                                *AppName::parse(kNames[i]),
                                                any_settings(random, random.chance(60))));
        if (i > 0) hosts_[i]->settings.promotion = any_promotion(random, *hosts_[0], *hosts_[i]);
    }
    disk_.on_stored = [this](const AppName& app, const Disk::Records& records) {
        for (const auto& host : hosts_) {
            if (host->name == app) host->witness.stored(records);
        }
    };
    trouble_ends_ = ground_.clock.now() + ground_.between(60'000, 3'600'000);
}

void Simulation::run() {
    start_daemon();
    plan_next_trouble();
    run_until(trouble_ends_);
    calm();
}

void Simulation::run_until(Instant end) {
    while (true) {
        try {
            if (!ground_.clock.run_one(end)) return;
        } catch (const DaemonKilled&) {
            daemon_died();
        } catch (const PowerLost&) {
            power_lost();
        }
    }
}

void Simulation::start_daemon() {
    if (!apps_.empty()) return;
    ground_.note("the daemon starts");
    ++life_;
    retrying_ = false;
    for (const auto& host : hosts_) {
        if (ground_.fault(10)) {
            const auto promotion = host->settings.promotion;
            host->settings = any_settings(ground_.random, ground_.random.chance(50));
            host->settings.promotion = promotion;
            ground_.counts.add(Kind::config_changed);
        }
        host->forward_only = host->forward_only || host->settings.fast_forward_only;
        apps_.push_back(std::make_unique<AppWorld>(ground_, disk_, *host));
        if (host->settings.promotion) apps_.back()->promote_from(*apps_.front());
    }
    try {
        for (const auto& app : apps_) app->begin();
        retry_storage();
    } catch (const DaemonKilled&) {
        daemon_died();
    } catch (const PowerLost&) {
        power_lost();
    }
}

void Simulation::daemon_died() {
    ground_.faults.kill_in = 0;
    apps_.clear();
    disk_.daemon_died();
    for (const auto& host : hosts_) host->witness.daemon_died(false);
    ground_.clock.after(ground_.between(10, 20'000), [this] { start_daemon(); });
}

void Simulation::power_lost() {
    ground_.note("the machine is down");
    ground_.counts.add(Kind::power_lost);
    ground_.faults.kill_in = 0;
    apps_.clear();
    disk_.power_lost();
    for (const auto& host : hosts_) {
        host->processes = {};
        host->witness.daemon_died(true);
    }
    ground_.clock.reboot(ground_.between(1'000, 100'000));
    ground_.clock.after(ground_.between(10, 20'000), [this] { start_daemon(); });
}

void Simulation::retry_storage() {
    if (retrying_) return;
    retrying_ = true;
    ground_.clock.after(limits::kStoreRetry, [this, life = life_] {
        if (life != life_ || apps_.empty()) return;
        retrying_ = false;
        for (const auto& app : apps_) app->retry();
        retry_storage();
    });
}

void Simulation::calm() {
    ground_.note("---- calm");
    ground_.faults = Faults{.on = false};
    for (const auto& remote : remotes_) remote->show_all();
    const bool last_push = ground_.random.chance(50);
    ground_.clock.after(30s, [this, last_push] {
        for (const auto& app : apps_) {
            if (app->state().paused) app->handle(core::ResumeAsked{});
            if (app->state().stopped) app->handle(core::StartAsked{});
        }
        if (last_push) push_last();
    });
    run_until(ground_.clock.now() + kAnnouncedIsLiveWithin);
    for (const auto& app : apps_) {
        const CommitId tip = app->remote().tip();
        const bool announced = acknowledged_.contains("last " + tip.hex());
        const bool good = !app->state().is_quarantined(tip);
        Ground::must(!announced || !good || app->settings().fast_forward_only ||
                         app->settings().promotion || app->state().live == tip,
                     "the announced commit isn't live yet");
    }
    run_until(ground_.clock.now() + kCalm);
    check_end(last_push);
}

void Simulation::push_last() {
    for (const auto& host : hosts_) host->tip_expected = true;
    for (const auto& remote : remotes_) {
        const CommitId tip = remote->push(Fate::good, 1);
        // Else the poller finds it.
        if (ground_.random.chance(50)) deliver({{"last " + tip.hex(), tip, remote.get()}}, 3);
    }
}

void Simulation::check_end(bool last_push) {
    Ground::must(apps_.size() == hosts_.size(), "the daemon is down");
    for (const auto& app : apps_) {
        check_settled(ground_, *app, disk_, last_push);
        for (const auto& id : acknowledged_) {
            const bool its =
                id.substr(id.find(' ') + 1, 2) == app->remote().tip().hex().substr(0, 2);
            Ground::must(!its || disk_.app(app->name()).deliveries.contains(id),
                         "a delivery was acknowledged, and isn't on disk");
        }
    }
}

}  // namespace lastgood::sim
