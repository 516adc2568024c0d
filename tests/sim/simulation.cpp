#include "sim/simulation.h"

#include "lastgood/base/limits.h"
#include "sim/rules.h"

namespace lastgood::sim {
namespace {

using namespace std::chrono_literals;
constexpr Millis kAnnouncedIsLiveWithin = 20min;  // a fetch hangs, one waits for its next try
constexpr Millis kCalm = 6h;                      // fetches back off to minutes, polls to an hour

core::Settings any_settings(Random& random, bool two_slots) {
    core::Settings settings;
    settings.two_slots = two_slots;
    settings.keep_previous = random.chance(75);
    settings.finish_before_newer = random.chance(25);
    settings.rollback_after_good = random.chance(25);
    settings.watch_liveness = random.chance(30);
    settings.keep_releases = 1 + static_cast<int>(random.below(4));
    settings.crash_loop.crashes = random.chance(20) ? 1 : 3;
    return settings;
}

}  // namespace

Result simulate(std::uint64_t seed, std::size_t lines_kept) {
    Simulation simulation(seed, lines_kept);
    Result result;
    try {
        simulation.run();
    } catch (const Broken& broken) {
        result.broken = broken.what;
        result.trace = simulation.ground().trace();
    }
    result.kinds = simulation.ground().kinds;
    return result;
}

Simulation::Simulation(std::uint64_t seed, std::size_t lines_kept)
    : ground_(seed), remote_(ground_), disk_(ground_) {
    ground_.lines_kept = lines_kept;
    Random& random = ground_.random;
    configs_.emplace_back(*AppName::parse("one"), any_settings(random, random.chance(60)));
    if (random.chance(30)) {
        configs_.emplace_back(*AppName::parse("two"), any_settings(random, random.chance(60)));
    }
    disk_.on_good = [this](const CommitId& commit) {
        const Fate fate = remote_.fate(commit);
        // Restarts that are no crashes may keep a slow crasher from crashing.
        const bool restarts =
            ground_.kinds.contains("daemon killed") || ground_.kinds.contains("restart");
        Ground::must(fate != Fate::never_ready && fate != Fate::ends_before_ready &&
                         (fate != Fate::crashes_at_once || restarts) &&
                         (fate != Fate::crashes_slowly || restarts),
                     "a bad commit became good: " + remote_.name(commit));
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
        }
    }
}

void Simulation::start_daemon() {
    if (!apps_.empty()) return;
    ground_.note("the daemon starts");
    ++life_;
    retrying_ = false;
    for (auto& [name, settings] : configs_) {
        if (ground_.fault(10)) settings = any_settings(ground_.random, ground_.random.chance(50));
        apps_.push_back(std::make_unique<AppWorld>(ground_, remote_, disk_, name, settings));
    }
    try {
        for (const auto& app : apps_) app->begin();
        retry_storage();
    } catch (const DaemonKilled&) {
        daemon_died();
    }
}

void Simulation::daemon_died() {
    ground_.kinds.insert("daemon killed");
    ground_.faults.kill_in = 0;
    apps_.clear();
    disk_.daemon_died();
    ground_.clock.after(ground_.between(10, 20'000), [this] { start_daemon(); });
}

void Simulation::calm() {
    ground_.note("---- calm");
    ground_.faults = Faults{.on = false};
    ground_.kinds.insert("calm");
    remote_.show_all();
    const bool last_push = ground_.random.chance(50);
    ground_.clock.after(30s, [this, last_push] {
        for (const auto& app : apps_) {
            if (app->state().paused) ask(*app, core::ResumeAsked{});
            if (app->state().stopped) ask(*app, core::StartAsked{});
        }
        if (!last_push) return;
        for (const auto& [name, settings] : configs_) tip_expected_[name] = true;
        const Push push{"last", remote_.push(Fate::good, 1)};
        if (ground_.random.chance(50)) deliver(push, 3);  // else the poller finds it
    });
    run_until(ground_.clock.now() + kAnnouncedIsLiveWithin);
    for (const auto& app : apps_) {
        const bool announced = acknowledged_.contains("last");
        const bool good = !app->state().is_quarantined(remote_.tip());
        Ground::must(!announced || !good || app->state().live == remote_.tip(),
                     app->name().str() + ": the announced commit isn't live yet");
    }
    run_until(ground_.clock.now() + kCalm);
    Ground::must(apps_.size() == configs_.size(), "the daemon is down");
    for (const auto& app : apps_) {
        const bool unlucky = ground_.unlucky.contains(app->name().str() + remote_.tip().hex());
        check_settled(*app, remote_, disk_, tip_expected_[app->name()] && !unlucky, last_push);
    }
    for (const auto& [name, settings] : configs_) {
        for (const auto& id : acknowledged_) {
            Ground::must(disk_.app(name).deliveries.contains(id),
                         "delivery " + id + " was acknowledged, but isn't on disk");
        }
    }
}

// As the daemon does it: what came in is recorded in one transaction with the steps it leads to.
void Simulation::deliver(const Push& push, int tries) {
    bool recorded = false;
    if (!apps_.empty()) deliver_to_all(push, recorded);
    if (recorded) {
        acknowledged_.insert(push.delivery);
    } else if (tries > 0) {
        ground_.clock.after(ground_.between(1'000, 30'000),
                            [this, push, tries] { deliver(push, tries - 1); });
    }
}

void Simulation::deliver_to_all(const Push& push, bool& recorded) {
    for (const auto& app : apps_) {
        if (!app->engine().healthy()) return;
    }
    disk_.begin_batch();
    for (const auto& app : apps_) app->engine().begin_batch();
    bool failed = false;
    for (const auto& app : apps_) failed = !take(*app, push) || failed;
    for (const auto& app : apps_) failed = !app->engine().store_batch() || failed;
    if (!failed) failed = !disk_.commit_batch();
    if (failed) disk_.abort_batch();
    for (const auto& app : apps_) app->engine().end_batch(!failed);
    ground_.kill_point("after a batch was committed and before it was acted on");
    for (const auto& app : apps_) app->engine().flush();
    for (const auto& app : apps_) check_rules(*app, remote_, disk_);
    recorded = !failed;
}

bool Simulation::take(AppWorld& app, const Push& push) {
    auto& deliveries = disk_.app(app.name()).deliveries;
    if (deliveries.contains(push.delivery)) return true;  // a duplicate
    core::Request request;
    request.trigger = core::Trigger::webhook;
    request.commit = push.commit;
    request.delivery = push.delivery;
    ground_.note(app.name().str() + " > delivery " + push.delivery + " of " +
                 remote_.name(push.commit));
    const core::Answer answer = app.engine().handle(core::RequestArrived{std::move(request)});
    if (!answer.accepted) ground_.note(app.name().str() + "     ignored: " + answer.reason);
    if (!disk_.takes_writes()) return false;
    disk_.app(app.name())
        .deliveries.emplace(
            push.delivery,
            Disk::Delivery{push.commit, answer.accepted ? "deploy" : "ignored", answer.reason});
    return true;
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

}  // namespace lastgood::sim
