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
    std::string trace;
    std::set<std::string> kinds;  // of trouble that it met
};

Result simulate(std::uint64_t seed, std::size_t lines_kept = 120);

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed, std::size_t lines_kept = 120);
    void run();  // throws Broken

    [[nodiscard]] const Ground& ground() const { return ground_; }

  private:
    struct Push {
        std::string delivery;
        CommitId commit;
    };

    void run_until(Instant end);
    void start_daemon();
    void daemon_died();
    void plan_next_trouble();
    void trouble();
    void push();
    void redeliver();
    void deliver(const Push& push, int tries);
    void deliver_to_all(const Push& push, bool& recorded);
    bool take(AppWorld& app, const Push& push);
    void retry_storage();
    void operator_command();
    void ask(AppWorld& app, const core::Event& event);
    void calm();
    Fate any_fate();
    AppWorld* any_app();

    Ground ground_;
    Remote remote_;
    Disk disk_;
    std::vector<std::pair<AppName, core::Settings>> configs_;
    std::vector<std::unique_ptr<AppWorld>> apps_;  // none while the daemon is down
    std::vector<Push> pushes_;
    std::set<std::string> acknowledged_;
    // Whether the tip must be live in the end, as far as is known: no operator wanted something
    // else meanwhile, and it had no bad luck.
    std::map<AppName, bool> tip_expected_;
    Instant trouble_ends_;
    bool retrying_ = false;
    std::uint64_t life_ = 0;
};

}  // namespace lastgood::sim
