// What happens while the faults are on.
#include "sim_fleet/simulation.h"

namespace lastgood::sim_fleet {

void Simulation::draw_setup() {
    auto& rollout = setup_.settings.rollout;
    const int hosts = ground_.random.chance(70) ? 3 + static_cast<int>(ground_.random.below(6))
                                                : 9 + static_cast<int>(ground_.random.below(22));
    if (ground_.random.chance(50)) {
        rollout.max_unavailable = {1 + static_cast<int>(ground_.random.below(4)), {}};
    } else {
        rollout.max_unavailable = {0, 10 + static_cast<int>(ground_.random.below(40))};
    }
    rollout.canary = static_cast<int>(ground_.random.below(4));
    rollout.canary_soak = ground_.between(5'000, 40'000);
    rollout.max_failures = 1 + static_cast<int>(ground_.random.below(2));
    rollout.on_halt = ground_.random.chance(75) ? core::OnHalt::rollback : core::OnHalt::hold;
    rollout.lost_hold = Millis(60'000);
    setup_.settings.apps[setup_.app] = core::Settings{};
    setup_.eager = ground_.random.chance(40);
    constexpr int kPaces[] = {40'000, 90'000, 180'000};
    pace_ = kPaces[ground_.random.below(3)];
    const auto zones = 1 + ground_.random.below(3);
    for (int number = 1; number <= hosts; ++number) {
        std::string zone(1, static_cast<char>('a' + ground_.random.below(zones)));
        hosts_.push_back(std::make_unique<Host>(ground_, etcd_, repository_, witness_, setup_,
                                                number - 1, std::move(zone)));
    }
    ground_.note(
        std::to_string(hosts) + " hosts in " + std::to_string(zones) + " zones, unavailable " +
        std::to_string(core::hosts_within(rollout.max_unavailable, hosts_.size())) + ", canary " +
        std::to_string(rollout.canary) + " for " + format_duration(rollout.canary_soak) +
        ", max_failures " + std::to_string(rollout.max_failures) +
        (rollout.on_halt == core::OnHalt::hold ? ", on_halt hold" : "") +
        (setup_.eager ? ", eager" : ""));
}

void Simulation::plan_next_trouble() {
    ground_.clock.after(ground_.between(2'000, pace_), [this] {
        if (!ground_.faults) return;
        trouble();
        plan_next_trouble();
    });
}

void Simulation::trouble() {
    const auto dice = ground_.random.below(100);
    if (dice < 38) return push();
    if (dice < 66) return trouble_of_a_host(ground_.random.below(100));
    if (dice < 78) return trouble_of_etcd(ground_.random.below(100));
    trouble_of_people(ground_.random.below(100));
}

Host& Simulation::any_host() {
    return *hosts_[ground_.any_of(hosts_.size())];
}

Host* Simulation::controller() {
    for (const auto& host : hosts_) {
        if (host->is_controller()) return host.get();
    }
    return nullptr;
}

void Simulation::trouble_of_a_host(std::uint64_t dice) {
    Host* leader = controller();
    Host& host = leader != nullptr && dice % 3 == 0 ? *leader : any_host();
    if (dice < 30) {
        host.die();
        const bool for_long = ground_.random.chance(20);
        ground_.clock.after(ground_.between(3'000, for_long ? 900'000 : 90'000),
                            [&host] { host.boot(); });
    } else if (dice < 40) {
        host.agent_dies();
    } else if (dice < 75) {
        host.cut_off(ground_.between(2'000, ground_.random.chance(20) ? 300'000 : 45'000));
    } else if (leader != nullptr) {
        ground_.counts.add(Kind::controller_frozen);
        ground_.note(leader->name().str() + " FREEZES");
        leader->freeze(ground_.between(500, 30'000));
    }
}

void Simulation::trouble_of_etcd(std::uint64_t dice) {
    if (dice < 40) {
        if (!etcd_.answers()) return;
        ground_.counts.add(Kind::leader_stopped);
        const Millis time = ground_.between(500, 30'000);
        ground_.note("etcd's LEADER STOPS for " + format_duration(time));
        etcd_.stop_leader(time);
    } else if (dice < 58) {
        ground_.counts.add(Kind::compacted);
        ground_.note("etcd is compacted");
        etcd_.compact();
    } else if (dice < 80) {
        ground_.note("etcd is backed up");
        etcd_.back_up();
    } else if (etcd_.has_backup() && etcd_.answers()) {
        restore();
    }
}

// As the manual says: not before what hosts had begun is over.
void Simulation::restore() {
    ground_.counts.add(Kind::restored);
    ground_.note("etcd IS DOWN, for a restore");
    etcd_.stop_leader(setup_.settings.rollout.lost_hold);
    ground_.clock.after(setup_.settings.rollout.lost_hold - Millis(1), [this] {
        ground_.note("etcd is RESTORED to what it held " +
                     format_duration(ground_.now() - etcd_.backed_up_at()) + " ago");
        witness_.restored(etcd_.backed_up_at());
        etcd_.restore();
    });
}

void Simulation::trouble_of_people(std::uint64_t dice) {
    Host& host = any_host();
    const CommitId some = repository_.at(ground_.any_of(repository_.size()));
    if (dice < 20) {
        order(Trigger::cli, ground_.random.chance(30) ? std::nullopt : std::optional(some),
              ground_.random.chance(30));
    } else if (dice < 40) {
        order(Trigger::rollback, std::nullopt, false);
    } else if (dice < 45) {
        order(Trigger::rollback, some, false);
    } else if (dice < 60) {
        pause(true);
        ground_.clock.after(ground_.between(10'000, 120'000), [this] { pause(false); });
    } else if (dice < 80) {
        if (host.alive()) host.local().roll_back_by_hand();
    } else if (host.alive() && !host.local().paused()) {
        host.local().pause_by_hand(true);
        ground_.clock.after(ground_.between(10'000, 200'000), [&host] {
            if (host.alive() && host.local().paused()) host.local().pause_by_hand(false);
        });
    }
}

Fate Simulation::any_fate() {
    const auto dice = ground_.random.below(100);
    if (dice < 62) return Fate::good;
    if (dice < 72) return Fate::bad;
    if (dice < 82) return Fate::bad_on_some;
    if (dice < 88) return Fate::build_fails;
    if (dice < 96) return Fate::fails_in_soak;
    return Fate::takes_host_down;
}

void Simulation::push() {
    const auto dice = ground_.random.below(100);
    if (dice < 6 && repository_.size() > 3) {
        repository_.force_back();
        ground_.counts.add(Kind::forced_back);
        ground_.note("the branch is FORCED BACK to " + repository_.name(repository_.tip()));
        return propose(push_proposal(repository_.tip()), 3);
    }
    const bool burst = dice < 20;
    if (burst) ground_.counts.add(Kind::burst);
    std::uint64_t count = burst ? 2 + ground_.random.below(6) : 1;
    if (burst && ground_.random.chance(5)) count += 50;
    for (; count > 0; --count) {
        const Fate fate = any_fate();
        constexpr Kind kOfFate[] = {Kind::count,       Kind::bad_commit,    Kind::bad_on_some,
                                    Kind::build_fails, Kind::fails_in_soak, Kind::count};
        const Kind kind = kOfFate[static_cast<std::size_t>(fate)];
        if (kind != Kind::count) ground_.counts.add(kind);
        ground_.counts.add(Kind::push);
        const auto proposal = push_proposal(repository_.push(fate));
        ground_.note("PUSH " + proposal.id + ": " + repository_.name(proposal.commit));
        const bool late = ground_.random.chance(15);
        if (late) ground_.counts.add(Kind::out_of_order);
        ground_.clock.after(ground_.between(0, late ? 120'000 : 300),
                            [this, proposal] { propose(proposal, 3); });
        if (!ground_.random.chance(15)) continue;
        ground_.counts.add(Kind::duplicate);
        ground_.clock.after(ground_.between(0, ground_.random.chance(50) ? 100 : 300'000),
                            [this, proposal] { propose(proposal, 3); });
    }
}

}  // namespace lastgood::sim_fleet
