// One simulated run: half an hour of pushes, orders and trouble for a group of hosts from one seed,
// then calm, in which everything must come to its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim_fleet/host.h"
#include "sim_fleet/witness.h"

namespace lastgood::sim_fleet {

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
    void run_until(Instant end);
    void calm();
    void heal();
    void check_quiet();

    // ---- trouble.cpp: what happens while the faults are on
    void draw_setup();
    void plan_next_trouble();
    void trouble();
    void trouble_of_a_host(std::uint64_t dice);
    void trouble_of_etcd(std::uint64_t dice);
    void restore();
    void trouble_of_people(std::uint64_t dice);
    void push();
    Fate any_fate();
    Host& any_host();
    Host* controller();

    // ---- proposals.cpp: the way of a delivery or an order into etcd
    core::Proposal push_proposal(const CommitId& commit);
    void propose(const core::Proposal& proposal, int tries);
    void order(Trigger trigger, std::optional<CommitId> commit, bool force);
    void pause(bool paused);

    Ground ground_;
    Etcd etcd_;
    Repository repository_;
    Setup setup_;
    Witness witness_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::uint64_t proposals_made_ = 0;
    Instant trouble_ends_;
    int pace_ = 0;                  // ms between troubles, at most
    std::optional<CommitId> last_;  // a good push after the trouble
};

}  // namespace lastgood::sim_fleet
