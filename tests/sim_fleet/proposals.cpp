// The way of a delivery or of an order into etcd.
#include "sim_fleet/simulation.h"

namespace lastgood::sim_fleet {

core::Proposal Simulation::push_proposal(const CommitId& commit) {
    core::Proposal proposal;
    proposal.id = "d" + std::to_string(++proposals_made_);
    proposal.commit = commit;
    proposal.by = "a push";
    proposal.at = ground_.wall();
    return proposal;
}

// At any host's front door. Created once; what is there already is a duplicate. A door that gets no
// answer says 503, and whoever sent it tries again at another.
void Simulation::propose(const core::Proposal& proposal, int tries) {
    Host& door = any_host();
    const auto again = [this, proposal, tries] {
        if (tries <= 1) return;
        ground_.clock.after(ground_.between(1'000, 5'000),
                            [this, proposal, tries] { propose(proposal, tries - 1); });
    };
    if (!door.alive()) return again();
    Transaction transaction;
    const std::string key = core::proposal_key(setup_.app, proposal.id);
    transaction.only_if = {{core::KeyComparison::Of::created, key, 0}};
    transaction.puts = {{key, proposal}};
    door.call([this, transaction] { return etcd_.commit(transaction); },
              [this, proposal, again](Host::Answer answer) {
                  if (answer.kind == Host::Answer::Kind::unknown) return again();
                  if (answer.kind == Host::Answer::Kind::done) witness_.acknowledged(proposal.id);
              });
}

void Simulation::order(Trigger trigger, std::optional<CommitId> commit, bool force) {
    core::Proposal proposal;
    proposal.id = "o" + std::to_string(++proposals_made_);
    proposal.trigger = trigger;
    proposal.commit = std::move(commit);
    proposal.by = "ann";
    proposal.force = force;
    proposal.at = ground_.wall();
    ground_.counts.add(trigger == Trigger::cli ? Kind::order_deploy : Kind::order_rollback);
    ground_.note("ORDER " + proposal.id + ": " + std::string(to_string(trigger)) + " " +
                 repository_.name(proposal.commit) + (force ? ", by force" : ""));
    propose(proposal, 1);
}

void Simulation::pause(bool paused) {
    const bool is_paused = etcd_.find(core::paused_key(setup_.app)) != nullptr;
    if (is_paused == paused || !etcd_.answers()) return;
    ground_.note(paused ? "PAUSE" : "RESUME");
    Transaction transaction;
    if (paused) {
        ground_.counts.add(Kind::paused);
        transaction.puts = {
            {core::paused_key(setup_.app), core::FleetPause{"ann", ground_.wall()}}};
    } else {
        transaction.removes = {core::paused_key(setup_.app)};
    }
    etcd_.commit(transaction);
}

}  // namespace lastgood::sim_fleet
