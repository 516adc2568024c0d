// What happens to the app and the daemon while the faults are on.
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

Fate Simulation::any_fate() {
    constexpr unsigned kGood = 45;
    if (ground_.random.chance(kGood)) return Fate::good;
    return static_cast<Fate>(1 + ground_.random.below(7));
}

void Simulation::trouble() {
    const auto dice = ground_.random.below(100);
    AppWorld* app = any_app();
    if (dice < 35) {
        push();
    } else if (dice < 40) {
        redeliver();
    } else if (dice < 45) {
        if (!pushes_.empty()) deliver(pushes_[ground_.random.below(pushes_.size())], 0);
    } else if (dice < 65) {
        operator_command();
    } else if (dice < 75) {
        if (app != nullptr) app->crash_something();
    } else if (dice < 79) {
        if (app != nullptr) {
            ground_.note("KILL -9 between two steps");
            daemon_died();
        }
    } else if (dice < 87) {
        ground_.faults.kill_in = 1 + static_cast<int>(ground_.random.below(30));
    } else if (dice < 92) {
        ground_.note("the disk is full");
        ground_.kinds.insert("full disk");
        ground_.faults.disk_refuses = true;
        ground_.clock.after(ground_.between(100, 90'000), [this] {
            ground_.note("the disk takes writes again");
            ground_.faults.disk_refuses = false;
        });
    } else if (dice < 97) {
        bool& fault = dice == 96 ? ground_.faults.branch_gone : ground_.faults.git_fails;
        ground_.note(dice == 96 ? "the branch is gone" : "the remote is away");
        fault = true;
        ground_.clock.after(ground_.between(100, 300'000), [&fault] { fault = false; });
    } else if (app != nullptr) {
        app->poll_now();
    }
}

// By hand: a delivery on disk is handled once more.
void Simulation::redeliver() {
    AppWorld* app = any_app();
    if (app == nullptr || pushes_.empty()) return;
    const Push& push = pushes_[ground_.random.below(pushes_.size())];
    if (!disk_.app(app->name()).deliveries.contains(push.delivery)) return;
    core::Request request;
    request.trigger = core::Trigger::webhook;
    request.commit = push.commit;
    request.delivery = push.delivery;
    ask(*app, core::RequestArrived{std::move(request)});
}

void Simulation::push() {
    std::optional<CommitId> tip;
    bool set_back = false;
    if (ground_.random.chance(15)) {
        const auto fate = ground_.random.chance(50) ? std::optional(any_fate()) : std::nullopt;
        set_back = !fate;
        tip = remote_.force_push(fate);
        ground_.note("force push to " + remote_.name(tip));
    } else {
        tip = remote_.push(any_fate(), 1 + static_cast<int>(ground_.random.below(3)));
        ground_.note("push of " + remote_.name(tip));
    }
    for (const auto& [name, settings] : configs_) tip_expected_[name] = true;
    // Set back to the tip that was acted on last: a poller can't know.
    for (const auto& [name, settings] : configs_) {
        if (set_back && disk_.load(name).seen_tip == *tip) tip_expected_[name] = false;
    }
    const Push push{"d" + std::to_string(pushes_.size()), *tip};
    pushes_.push_back(push);
    if (ground_.random.chance(15)) return;  // the forge never tells
    const int times = ground_.random.chance(15) ? 2 : 1;
    for (int i = 0; i < times; ++i) {
        const bool late = ground_.random.chance(25);
        ground_.clock.after(late ? ground_.between(0, 120'000) : ground_.between(10, 1'500),
                            [this, push] { deliver(push, 1); });
    }
}

void Simulation::ask(AppWorld& app, const core::Event& event) {
    app.handle(event);
}

void Simulation::operator_command() {
    AppWorld* app = any_app();
    if (app == nullptr) return;
    const auto dice = ground_.random.below(100);
    // The operator's word stands against the tip of that hour.
    if (dice < 60) tip_expected_[app->name()] = false;
    if (dice < 25) {
        std::optional<CommitId> to;
        if (ground_.random.chance(30)) to = remote_.any_commit();
        ask(*app, core::RollbackAsked{to, "ann"});
    } else if (dice < 50) {
        core::Request request;
        request.by = "ann";
        request.force = ground_.random.chance(40);
        if (ground_.random.chance(60)) request.commit = remote_.any_commit();
        ask(*app, core::RequestArrived{std::move(request)});
    } else if (dice < 60) {
        ask(*app, core::StopAsked{});
    } else if (dice < 70) {
        ask(*app, core::StartAsked{});
    } else if (dice < 78) {
        ground_.kinds.insert("restart");
        if (ground_.random.chance(50)) return ask(*app, core::RestartAsked{});
        const bool memory = ground_.random.chance(50);
        ask(*app, core::RenewWanted{memory ? core::RenewCause::memory : core::RenewCause::schedule,
                                    "it is time"});
    } else if (dice < 83) {
        ask(*app, core::PauseAsked{});
    } else if (dice < 93) {
        ask(*app, core::ResumeAsked{});
    } else if (!app->state().quarantine.empty()) {
        ask(*app, core::QuarantineReleaseAsked{app->state().quarantine.begin()->first});
        tip_expected_[app->name()] = false;  // it stays undeployed until somebody asks
    }
}

}  // namespace lastgood::sim
