// One simulated run: an hour or so of pushes, commands and trouble from one seed, then calm, in
// which everything must come to its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/app_world.h"

namespace lastgood::sim {

struct Result {
    std::string broken;  // empty: all rules held
    Counts counts;
};

Result simulate(std::uint64_t seed);
// The whole run, or its last lines; ends with the rule that was broken, if one was.
std::string trace_of(std::uint64_t seed, std::size_t lines_kept);

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed, std::size_t lines_kept = 0);
    void run();  // throws Broken

    [[nodiscard]] const Ground& ground() const { return ground_; }

  private:
    struct Push {
        std::string delivery;
        CommitId commit;
        Remote* remote;
    };
    using Pushes = std::vector<Push>;

    void run_until(Instant end);
    void start_daemon();
    void daemon_died();
    void power_lost();
    void retry_storage();
    void calm();
    void push_last();
    void check_end(bool last_push);

    // ---- trouble.cpp: what happens while the faults are on
    void plan_next_trouble();
    void trouble();
    void trouble_of_the_machine(AppWorld* app, std::uint64_t dice);
    void push();
    void burst();
    Push make_push(Remote& remote);
    void send(const Push& push);
    void redeliver();
    void full_disk();
    void remote_away(bool branch_gone);
    void operator_command();
    void operator_deploys(AppWorld& app);
    void fleet_acts(AppWorld& app);
    void fleet_withdraws(AppWorld& app);
    Fate any_fate();
    AppWorld* any_app();
    Remote& any_remote();

    // ---- deliveries.cpp: the way of a delivery through the daemon
    void deliver(const Pushes& pushes, int tries);
    bool deliver_now(const Pushes& pushes);
    bool take(AppWorld& app, const Push& push);

    Ground ground_;
    Disk disk_;
    std::vector<std::unique_ptr<Remote>> remotes_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::vector<std::unique_ptr<AppWorld>> apps_;  // none while the daemon is down
    Pushes pushes_;
    std::set<std::string> acknowledged_;
    Instant trouble_ends_;
    bool retrying_ = false;
    std::uint64_t life_ = 0;
};

}  // namespace lastgood::sim
