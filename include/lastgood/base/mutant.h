// Deliberately broken rules, to see that the simulation notices each (docs/testing.md). In every
// build but that of lastgood_sim_mutants LASTGOOD_MUTANT(name, right, wrong) is `right` alone.
#pragma once

#ifdef LASTGOOD_MUTANTS

namespace lastgood {

enum class Mutant {
    none,
    pause_ignored,
    stop_ignored,
    stop_goes_on,
    quarantine_ignored,
    quarantine_ignored_after_fetch,
    quarantine_not_recorded,
    failed_start_forgiven,
    failed_build_quarantined,
    same_commit_twice,
    live_deployed_again,
    poller_repeats_failures,
    supersede_lost,
    finish_ignored,
    waiting_forgotten,
    older_wish_forgotten,
    older_of_two_wishes,
    stale_commit_accepted,
    forced_back_refused,
    fast_forward_only_ignored,
    skip_ignored,
    off_branch_accepted,
    wait_forgotten,
    wait_has_no_end,
    fetch_without_backoff,
    fetch_tried_once,
    starts_not_counted,
    live_before_ready,
    switch_forgotten,
    hook_before_switch,
    rollback_hook_forgotten,
    crashes_off_by_one,
    crashes_forgotten,
    growth_not_counted,
    probes_ignored,
    probation_early,
    probation_in_pieces,
    probation_starts_over,
    trial_not_synced,
    restart_without_backoff,
    warm_not_used,
    warm_stopped_early,
    previous_left_running,
    taken_over_left_alone,
    proof_not_needed,
    proved_early,
    proved_in_quarantine,
    good_rolled_back,
    good_out_of_order,
    rollback_to_bad,
    rollback_to_untried,
    rollback_leaves_free,
    renewal_stops_first,
    alarm_repeated,
    recovery_untold,
    retention_counts_bad,
    retention_of_last_good,
    retention_without_end,
    recovery_skips_work,
    done_before_stored,
    refused_record_lost,
    refused_effect_lost,
    urgent_waits,
    retry_believed,
    refused_batch_remains,
    batch_not_done,
    fleet_older_wish_followed,
    fleet_quarantine_restored_away,
    fleet_operator_fought,
    fleet_grant_taken_twice,
    fleet_bad_goes_on,
    fleet_tried_again,
    fleet_cut_off_goes_on,
    fleet_never_steps_down,
    fleet_wave_before_canary,
    fleet_back_forgotten,
    fleet_failed_again,
    fleet_pause_ignored,
    fleet_zones_together,
    fleet_bound_ignored,
    fleet_grant_without_lease,
    fleet_proposal_left,
    fleet_lost_not_held,
    fleet_halt_without_quarantine,
    fleet_halt_forgotten,
    fleet_soak_skipped,
    fleet_done_too_early,
    fleet_duplicates_taken,
    fleet_old_proposals_taken,
    fleet_rollback_leaves_free,
    fleet_wave_cut_short,
    fleet_restore_unseen,
    fleet_epoch_not_compared,
    fleet_rollout_not_compared,
};

// One for each thread, so that many can be tried at once.
inline thread_local Mutant selected_mutant = Mutant::none;

}  // namespace lastgood

#define LASTGOOD_MUTANT(name, right, wrong) \
    (::lastgood::selected_mutant == ::lastgood::Mutant::name ? (wrong) : (right))

#else

#define LASTGOOD_MUTANT(name, right, wrong) (right)

#endif
