#include "sim_fleet/simulation.h"

namespace lastgood::sim_fleet {
namespace {

constexpr Millis kCalm{45 * 60'000};
constexpr Millis kSettle{90'000};

}  // namespace

Result simulate(std::uint64_t seed) {
    Simulation simulation(seed);
    std::string broken;
    try {
        simulation.run();
    } catch (const Broken& rule) {
        broken = rule.what;
    }
    return {broken, simulation.ground().counts};
}

std::string trace_of(std::uint64_t seed, std::size_t lines_kept) {
    Simulation simulation(seed, lines_kept);
    std::string end;
    try {
        simulation.run();
    } catch (const Broken& rule) {
        end = "BROKEN: " + rule.what + "\n";
    }
    return simulation.ground().trace() + end;
}

Simulation::Simulation(std::uint64_t seed, std::size_t lines_kept)
    : ground_(seed),
      etcd_(ground_),
      repository_(ground_),
      setup_{.app = *AppName::parse("web"), .settings = {}},
      witness_(ground_, etcd_, repository_, setup_) {
    ground_.lines_kept = lines_kept;
    draw_setup();
    etcd_.before = [this](const Transaction& transaction) { witness_.before(transaction); };
    etcd_.changed = [this] {
        witness_.look();
        for (const auto& host : hosts_) host->etcd_changed();
    };
    witness_.watch(hosts_);
}

void Simulation::run() {
    for (const auto& host : hosts_) {
        ground_.clock.after(ground_.between(0, 5'000), [&host] { host->boot(); });
    }
    trouble_ends_ = ground_.now() + ground_.between(10 * 60'000, 40 * 60'000);
    plan_next_trouble();
    run_until(trouble_ends_);
    calm();
}

void Simulation::run_until(Instant end) {
    while (ground_.clock.run_one(end)) {
    }
}

// Everyone comes back, and after a while nothing moves any more.
void Simulation::calm() {
    ground_.faults = false;
    ground_.note("CALM");
    heal();
    run_until(ground_.now() + kSettle);
    heal();  // whom its commit took down meanwhile
    if (ground_.random.chance(70)) {
        last_ = repository_.push(Fate::good);
        propose(push_proposal(*last_), 30);
    }
    run_until(ground_.now() + kCalm);
    check_quiet();
    witness_.check_end(last_);
}

void Simulation::heal() {
    for (const auto& host : hosts_) {
        host->boot();
        if (host->local().paused()) host->local().pause_by_hand(false);
    }
    pause(false);
}

// Nothing but leases that are kept alive.
void Simulation::check_quiet() {
    const Revision revision = etcd_.revision();
    run_until(ground_.now() + kSettle);
    Ground::must(etcd_.revision() == revision, "it never becomes quiet");
}

}  // namespace lastgood::sim_fleet
