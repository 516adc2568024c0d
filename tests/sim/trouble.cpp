// What happens to the apps, the daemon and the machine while the faults are on.
#include "sim/simulation.h"

namespace lastgood::sim {

void Simulation::plan_next_trouble() {
    // Mostly in bursts, so that things meet; sometimes long enough for a probation to end.
    const Millis pause =
        ground_.random.chance(60) ? ground_.between(1, 8'000) : ground_.between(1'000, 240'000);
    if (ground_.clock.now() + pause >= trouble_ends_) return;
    ground_.clock.after(pause, [this] {
        plan_next_trouble();
        trouble();
    });
}

AppWorld* Simulation::any_app() {
    if (apps_.empty()) return nullptr;
    return apps_[ground_.random.below(apps_.size())].get();
}

Remote& Simulation::any_remote() {
    return *remotes_[ground_.random.below(remotes_.size())];
}

Fate Simulation::any_fate() {
    constexpr unsigned kGood = 45;
    if (ground_.random.chance(kGood)) return Fate::good;
    return static_cast<Fate>(1 + ground_.random.below(static_cast<int>(Fate::count) - 1));
}

void Simulation::trouble() {
    const auto dice = ground_.random.below(100);
    AppWorld* app = any_app();
    if (dice < 28) {
        push();
    } else if (dice < 32) {
        burst();
    } else if (dice < 36) {
        redeliver();
    } else if (dice < 39) {
        if (!pushes_.empty()) deliver({pushes_[ground_.random.below(pushes_.size())]}, 0);
    } else if (dice < 58) {
        operator_command();
    } else if (dice < 66) {
        if (app != nullptr) app->crash_something();
    } else if (dice < 68) {
        if (app != nullptr) app->poll_now();
    } else if (dice < 74) {
        if (app != nullptr) fleet_acts(*app);
    } else {
        trouble_of_the_machine(app, dice);
    }
}

void Simulation::trouble_of_the_machine(AppWorld* app, std::uint64_t dice) {
    if (dice < 77) {
        if (app == nullptr) return;
        ground_.note("KILL -9 between two steps");
        ground_.counts.add(Kind::killed_between_steps);
        daemon_died();
    } else if (dice < 86) {
        ground_.faults.kill_in = 1 + static_cast<int>(ground_.random.below(60));
        ground_.faults.with_power = ground_.random.chance(25);
    } else if (dice < 87) {
        if (app != nullptr) power_lost();
    } else if (dice < 91) {
        full_disk();
    } else if (dice < 96) {
        remote_away(dice == 95);
    } else if (dice < 98) {
        ground_.note("the machine sleeps");
        ground_.counts.add(Kind::clock_ahead);
        ground_.clock.sleep(ground_.between(1'000, 600'000));
    } else {
        ground_.note("the clock goes back");
        ground_.counts.add(Kind::clock_back);
        ground_.clock.set_back(ground_.between(1, 300'000));
    }
}

void Simulation::full_disk() {
    ground_.note("the disk is full");
    ground_.counts.add(Kind::full_disk);
    ground_.faults.disk_refuses = true;
    ground_.clock.after(ground_.between(100, 90'000), [this] {
        ground_.note("the disk takes writes again");
        ground_.faults.disk_refuses = false;
    });
}

void Simulation::remote_away(bool branch_gone) {
    bool& fault = branch_gone ? ground_.faults.branch_gone : ground_.faults.git_fails;
    ground_.note(branch_gone ? "the branch is gone" : "the remote is away");
    fault = true;
    ground_.clock.after(ground_.between(100, 300'000), [&fault] { fault = false; });
}

// By hand: a delivery on disk is handled once more.
void Simulation::redeliver() {
    AppWorld* app = any_app();
    if (app == nullptr || pushes_.empty()) return;
    const Push& push = pushes_[ground_.random.below(pushes_.size())];
    if (!disk_.app(app->name()).deliveries.contains(push.delivery)) return;
    ground_.counts.add(Kind::redelivery);
    core::Request request;
    request.trigger = core::Trigger::webhook;
    request.commit = push.commit;
    request.delivery = push.delivery;
    app->handle(core::RequestArrived{std::move(request)});
}

Simulation::Push Simulation::make_push(Remote& remote) {
    std::optional<CommitId> tip;
    bool set_back = false;
    if (ground_.random.chance(15)) {
        const auto fate = ground_.random.chance(50) ? std::optional(any_fate()) : std::nullopt;
        set_back = !fate;
        tip = remote.force_push(fate);
        ground_.counts.add(Kind::force_push);
    } else {
        const int commits = 1 + static_cast<int>(ground_.random.below(3));
        tip = remote.push(any_fate(), commits, ground_.random.chance(4));
        ground_.counts.add(Kind::push);
    }
    if (ground_.tracing()) ground_.note("push of " + remote.name(tip));
    for (const auto& host : hosts_) {
        if (&host->remote != &remote) continue;
        // Set back to the tip that was acted on last: a poller can't know.
        const bool unseen = set_back && disk_.app(host->name).state.seen_tip == *tip;
        host->tip_expected = !unseen;
    }
    pushes_.push_back({"d" + std::to_string(pushes_.size()) + " " + tip->hex(), *tip, &remote});
    return pushes_.back();
}

void Simulation::push() {
    if (ground_.random.chance(4)) {
        Remote& remote = any_remote();
        const CommitId commit = remote.announce_only();
        ground_.counts.add(Kind::never_comes);
        pushes_.push_back(
            {"d" + std::to_string(pushes_.size()) + " " + commit.hex(), commit, &remote});
        return send(pushes_.back());
    }
    send(make_push(any_remote()));
}

// The forge tells, mostly.
void Simulation::send(const Push& push) {
    if (ground_.random.chance(15)) return ground_.counts.add(Kind::lost_delivery);
    const int times = ground_.random.chance(15) ? 2 : 1;
    for (int i = 0; i < times; ++i) {
        const bool late = ground_.random.chance(25);
        if (late) ground_.counts.add(Kind::late_delivery);
        ground_.clock.after(late ? ground_.between(0, 120'000) : ground_.between(10, 1'500),
                            [this, push] { deliver({push}, 1); });
    }
}

// Several pushes whose deliveries come in together, in any order.
void Simulation::burst() {
    ground_.counts.add(Kind::burst);
    Pushes together;
    const auto count = 2 + ground_.random.below(ground_.random.chance(10) ? 80 : 6);
    for (std::uint64_t i = 0; i < count; ++i) {
        Push push = make_push(any_remote());
        const auto place = static_cast<std::ptrdiff_t>(ground_.random.below(together.size() + 1));
        together.insert(together.begin() + place, std::move(push));
    }
    ground_.clock.after(ground_.between(10, 1'500), [this, together] { deliver(together, 1); });
}

void Simulation::operator_deploys(AppWorld& app) {
    ground_.counts.add(Kind::deploy);
    core::Request request;
    request.by = "ann";
    request.force = ground_.random.chance(40);
    if (ground_.random.chance(60)) request.commit = app.remote().any_commit();
    app.handle(core::RequestArrived{std::move(request)});
}

// What its member of a group asks of one host: to deploy a commit, and to leave it again while it
// is not begun.
void Simulation::fleet_acts(AppWorld& app) {
    if (app.settings().promotion) return;  // the config knows no such app
    Host& host = app.host();
    if (host.fleet_wish && ground_.random.chance(40)) return fleet_withdraws(app);
    ground_.counts.add(Kind::fleet_wish);
    core::Request request;
    request.trigger = core::Trigger::fleet;
    request.commit = ground_.random.chance(50) ? app.remote().tip() : app.remote().any_commit();
    request.force = ground_.random.chance(10);
    host.tip_expected = false;
    const core::Answer answer = app.handle(core::RequestArrived{std::move(request)});
    host.fleet_wish.reset();
    if (!answer.accepted) return;
    host.fleet_wish = answer.deployment;
    // Whatever it is at by then.
    ground_.clock.after(ground_.between(0, 60'000), [this, &host, wish = answer.deployment] {
        if (!ground_.random.chance(60) || host.fleet_wish != wish) return;
        for (const auto& one : apps_) {
            if (&one->host() == &host) return fleet_withdraws(*one);
        }
    });
}

void Simulation::fleet_withdraws(AppWorld& app) {
    const DeploymentId wish = *app.host().fleet_wish;
    // A daemon that died before it was stored gave its number to another.
    const auto row = disk_.deployments().find(wish.value);
    if (row == disk_.deployments().end()) return;
    if (row->second.request.trigger != core::Trigger::fleet) return;
    ground_.counts.add(Kind::fleet_withdrew);
    app.handle(core::WithdrawAsked{wish, "the fleet is away"});
    if (ground_.random.chance(50)) app.poll_now();
}

void Simulation::operator_command() {
    AppWorld* app = any_app();
    if (app == nullptr) return;
    const auto dice = ground_.random.below(100);
    const auto ask = [&](Kind kind, const core::Event& event) {
        ground_.counts.add(kind);
        app->handle(event);
    };
    // The operator's word stands against the tip of that hour.
    if (dice < 60) app->host().tip_expected = false;
    if (dice < 25) {
        std::optional<CommitId> to;
        if (ground_.random.chance(30)) to = app->remote().any_commit();
        ask(Kind::rollback, core::RollbackAsked{to, "ann"});
    } else if (dice < 50) {
        operator_deploys(*app);
    } else if (dice < 58) {
        ask(Kind::stop, core::StopAsked{});
    } else if (dice < 70) {
        ask(Kind::stop, core::StartAsked{});
    } else if (dice < 74) {
        ask(Kind::restart, core::RestartAsked{});
    } else if (dice < 78) {
        const auto cause =
            ground_.random.chance(50) ? core::RenewCause::config : core::RenewCause::schedule;
        ask(Kind::restart, core::RenewWanted{cause, "it is time"});
    } else if (dice < 83) {
        ask(Kind::pause, core::PauseAsked{});
    } else if (dice < 93) {
        ask(Kind::pause, core::ResumeAsked{});
    } else if (!app->state().quarantine.empty()) {
        const CommitId first = app->state().quarantine.begin()->first;
        ask(Kind::quarantine_released, core::QuarantineReleaseAsked{first});
        app->host().tip_expected = false;  // it stays undeployed until somebody asks
    }
}

}  // namespace lastgood::sim
