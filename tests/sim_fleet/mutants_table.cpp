#include "sim_fleet/mutants.h"

namespace lastgood::sim_fleet {
namespace {

constexpr MutantRow kRows[] = {
    {Mutant::fleet_epoch_not_compared, "fleet_epoch_not_compared",
     "a controller that was replaced still writes", 65},
    {Mutant::fleet_rollout_not_compared, "fleet_rollout_not_compared",
     "two decisions on the same view are both done"},
    {Mutant::fleet_never_steps_down, "fleet_never_steps_down",
     "a controller decides beyond its lease"},
    {Mutant::fleet_bound_ignored, "fleet_bound_ignored", "max_unavailable is ignored"},
    {Mutant::fleet_lost_not_held, "fleet_lost_not_held",
     "the place of a vanished host is given away at once", 9},
    {Mutant::fleet_cut_off_goes_on, "fleet_cut_off_goes_on",
     "a host that is cut off goes on with its build", 54},
    {Mutant::fleet_grant_without_lease, "fleet_grant_without_lease",
     "a grant outlives its host's lease"},
    {Mutant::fleet_zones_together, "fleet_zones_together", "waves are in several zones"},
    {Mutant::fleet_wave_before_canary, "fleet_wave_before_canary", "nobody waits for the canary"},
    {Mutant::fleet_soak_skipped, "fleet_soak_skipped", "the canary is not watched"},
    {Mutant::fleet_halt_forgotten, "fleet_halt_forgotten", "failures halt nothing"},
    {Mutant::fleet_halt_without_quarantine, "fleet_halt_without_quarantine",
     "a halt leaves the commit free"},
    {Mutant::fleet_back_forgotten, "fleet_back_forgotten", "hosts stay on what was halted", 8},
    {Mutant::fleet_failed_again, "fleet_failed_again", "a host that failed is asked again"},
    {Mutant::fleet_done_too_early, "fleet_done_too_early", "a rollout without a host is done", 399},
    {Mutant::fleet_pause_ignored, "fleet_pause_ignored", "grants are given in a pause"},
    {Mutant::fleet_wave_cut_short, "fleet_wave_cut_short", "a push doesn't wait for the wave"},
    {Mutant::fleet_duplicates_taken, "fleet_duplicates_taken", "the same delivery counts twice",
     16},
    {Mutant::fleet_proposal_left, "fleet_proposal_left", "what was decided is left"},
    {Mutant::fleet_rollback_leaves_free, "fleet_rollback_leaves_free",
     "a rollback quarantines nothing"},
    {Mutant::fleet_restore_unseen, "fleet_restore_unseen",
     "a host that is ahead of etcd's data is not seen", 19},
    {Mutant::fleet_old_proposals_taken, "fleet_old_proposals_taken",
     "a backup's proposals are decided again", 32},
    {Mutant::fleet_older_wish_followed, "fleet_older_wish_followed",
     "a host follows an older wish than it has seen", 32},
    {Mutant::fleet_quarantine_restored_away, "fleet_quarantine_restored_away",
     "a backup frees what was in quarantine", 27},
    {Mutant::fleet_operator_fought, "fleet_operator_fought",
     "a host's operator is overruled by the same wish", 598},
    {Mutant::fleet_tried_again, "fleet_tried_again",
     "restored data has the same deployed again for the same wish", 118},
    {Mutant::fleet_bad_goes_on, "fleet_bad_goes_on",
     "a host starts what proved bad elsewhere while it was built"},
    {Mutant::fleet_grant_taken_twice, "fleet_grant_taken_twice",
     "a host takes up the same grant again"},
};

}  // namespace

std::span<const MutantRow> all_mutants() {
    return kRows;
}

}  // namespace lastgood::sim_fleet
