#include "sim/witness.h"

#include <algorithm>

#include "sim/app_world.h"

namespace lastgood::sim {

void Witness::daemon_started(const core::Settings& settings, const core::AppState& loaded) {
    const bool other_length = settings.probation != settings_.probation;
    settings_ = settings;
    lists_differ_ = false;
    // Known again by what is on disk, where it couldn't be known.
    if (!paused_) paused_ = loaded.paused;
    if (!stopped_) stopped_ = loaded.stopped;
    must(loaded.paused == *paused_, "a pause or resume was forgotten over a restart");
    must(loaded.stopped == *stopped_, "a stop or start was forgotten over a restart");
    if (!loaded.trial) return;
    if (loaded.trial->deployment.value == trial_ && served_commit_ == loaded.trial->commit) {
        must(loaded.trial->crashes >= crashes_stored_, "crashes on trial were forgotten");
    } else {
        // How the last one ended was lost with the daemon.
        follow_trial(loaded);
        served_exactly_ = false;
    }
    // A crash may be among what was lost, or among what was stored last.
    served_ = loaded.trial->crashes == crashes_ ? std::max(served_, loaded.trial->ran)
                                                : loaded.trial->ran;
    crashes_ = loaded.trial->crashes;
    if (other_length) served_exactly_ = false;
}

void Witness::daemon_died(bool power_lost) {
    if (event_ != nullptr || word_at_risk_) {
        paused_.reset();
        stopped_.reset();
    }
    word_at_risk_ = false;
    event_ = nullptr;
    hooks_due_.clear();
    hooks_ran_.clear();
    switched_to_.reset();
    rows_ = {};
    started_.clear();
    ended_well_.clear();
    crashes_after_good_.clear();
    failed_tip_.reset();
    withdrawn_.reset();
    fetched_ = {};
    served_ = served_stored_;
    serving_ = false;
    if (power_lost) served_exactly_ = false;
}

void Witness::begin(const core::Event& event, const AppWorld& world) {
    event_ = &event;
    before_ = world.state();
    was_healthy_ = world.healthy();
    const Instant now = ground_.clock.now();
    if (serving_) {
        served_ += now - looked_;
        slept_ += ground_.clock.slept() - slept_before_;
    }
    looked_ = now;
    follow_trial(before_);
    if (const auto* started = this->event<core::DaemonStarted>()) hear_taken_over(*started);
    slept_before_ = ground_.clock.slept();
    if (ground_.clock.times_set_back() != set_back_before_) served_exactly_ = false;
    set_back_before_ = ground_.clock.times_set_back();
    if (const auto* exited = this->event<core::RunExited>()) hear_exit(*exited);
    if (const auto* failed = this->event<core::FetchFailed>()) hear_fetch_failed(*failed);
}

// Users had it while no daemon was there, which could have ended the probation.
void Witness::hear_taken_over(const core::DaemonStarted& started) {
    const auto& trial = before_.trial;
    if (!trial || !trial->since || !started.running_since[index(trial->slot)]) return;
    served_ =
        std::max(served_, trial->ran + std::max(Millis(0), ground_.clock.told() - *trial->since));
    slept_ += std::max(Millis(0), served_ - slept_ - settings_.probation);
}

void Witness::end(const core::Answer& answer, const AppWorld& world, bool in_batch) {
    const core::AppState& after = world.state();
    const bool healthy = world.healthy() && !in_batch;
    if (const auto* arrived = event<core::RequestArrived>()) {
        check_request(arrived->request, answer, after);
    }
    if (const auto* fetched = event<core::Fetched>()) check_choice(*fetched, after);
    const bool starts = event<core::Built>() != nullptr && after.work && before_.work &&
                        after.work->id == before_.work->id &&
                        after.work->phase == core::Phase::starting;
    if (starts) check_proved(*after.work);
    if (const auto* withdrawn = event<core::WithdrawAsked>()) {
        check_withdrawal(*withdrawn, answer, after);
    }
    if (const auto* polled = event<core::PollSaw>()) check_poll(*polled, after);
    hear_operator(answer, world.healthy());
    if (in_batch) {
        event_ = nullptr;
        return;
    }
    if (const auto* failed = event<core::FetchFailed>()) check_tried_again(*failed, after);
    check_renewal(after);
    count_crashes(answer);
    check_trial(after);
    if (const auto* exited = event<core::RunExited>()) check_good_crash(*exited, after);
    check_served_time(world, healthy);
    if (healthy) {
        if (const auto* rollback = event<core::RollbackAsked>()) check_rollback(*rollback, answer);
        if (const auto* removed = event<core::ReleaseRemoved>()) {
            check_removed(removed->commit, world);
        }
        check_warm(after);
        crashes_stored_ = crashes_;
        caught_up();
    }
    event_ = nullptr;
}

void Witness::caught_up() {
    must(hooks_due_.empty(), "a hook did not run");
}

}  // namespace lastgood::sim
