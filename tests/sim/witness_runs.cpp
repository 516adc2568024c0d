// What runs: crashes, restarts, the probation and the warm release.
#include <algorithm>

#include "lastgood/base/limits.h"
#include "sim/app_world.h"
#include "sim/witness.h"

namespace lastgood::sim {
namespace {

using core::RunState;

constexpr Millis kLivedLong{10'000};

bool is_judged(const core::AppState& state) {
    return state.trial && state.trial->deployment;
}

}  // namespace

bool Witness::is_news_of(Slot slot, RunId run) const {
    const auto& known = before_.slot(slot);
    return known.run == run &&
           (known.state == RunState::starting || known.state == RunState::running);
}

// An end that nobody asked for: the first is no reason to wait, and each short run after it is.
void Witness::hear_exit(const core::RunExited& event) {
    const auto& known = before_.slot(event.slot);
    if (known.state == RunState::empty || known.run != event.run) return;
    Row& row = rows_[index(event.slot)];
    const auto started = started_.find(event.run.value);
    const Instant now = ground_.clock.now();
    if (!is_news_of(event.slot, event.run) || started == started_.end()) {
        row = {};
        return;
    }
    const bool lived = now - started->second >= kLivedLong;
    started_.erase(started);
    if (lived || row.commit != known.commit) row.crashes = 0;
    row.commit = known.commit;
    row.not_before = now;
    if (++row.crashes == 1) return;
    Millis wait = settings_.restart.first;
    for (int i = 2; i < row.crashes && wait < settings_.restart.longest; ++i) wait *= 2;
    row.not_before += std::min(wait, settings_.restart.longest) * 9 / 10;
}

void Witness::check_start(const core::DoStart& start) {
    must(stopped_ != true || event<core::StopAsked>() == nullptr, "a stop starts something");
    const bool by_operator = event<core::StartAsked>() || event<core::RestartAsked>() ||
                             event<core::RollbackAsked>() || event<core::RequestArrived>();
    must(stopped_ != true || by_operator, "something is started although the app is stopped");
    Row& row = rows_[index(start.slot)];
    if (event_ == nullptr) {
        row = {};  // held back by a full disk: its time was counted from then on
        return;
    }
    started_[start.run.value] = ground_.clock.now();
    const auto* exited = event<core::RunExited>();
    const auto* fired = event<core::TimerFired>();
    const bool again = (exited != nullptr && exited->slot == start.slot) || fired != nullptr;
    // Clocks that go back may make a short run look long, and the other way round.
    const bool sure = ground_.clock.times_set_back() == 0 && ground_.clock.slept() == Millis(0);
    if (!again || row.commit != start.commit) {
        row = {};
        return;
    }
    must(!sure || ground_.clock.now() >= row.not_before, "a crashed release is restarted too soon");
}

// Another release on trial: counted from nothing.
void Witness::follow_trial(const core::AppState& state) {
    const std::int64_t judged = is_judged(state) ? state.trial->deployment.value : 0;
    const auto commit = state.trial ? std::optional(state.trial->commit) : std::nullopt;
    if (judged == trial_ && commit == served_commit_) return;
    trial_ = judged;
    served_commit_ = commit;
    crashes_ = crashes_stored_ = 0;
    served_ = served_stored_ = slept_ = Millis(0);
    served_exactly_ = true;
}

void Witness::count_crashes(const core::Answer& answer) {
    crashed_now_ = false;
    if (!is_judged(before_)) return;
    const Slot slot = before_.trial->slot;
    const auto* exited = event<core::RunExited>();
    const auto* not_ready = event<core::RunNotReady>();
    const auto* renew = event<core::RenewWanted>();
    const bool crashed = (exited && exited->slot == slot && is_news_of(slot, exited->run)) ||
                         (not_ready && not_ready->slot == slot && is_news_of(slot, not_ready->run));
    const bool grew = renew && renew->cause == core::RenewCause::memory && answer.accepted &&
                      slot == before_.active && before_.serves(slot);
    if (!crashed && !grew) return;
    ++crashes_;
    crashed_now_ = true;
    served_ = served_stored_ = slept_ = Millis(0);
}

// A release is given up after that many crashes: neither before nor later.
void Witness::check_trial(const core::AppState& after) const {
    if (!is_judged(before_)) return;
    const bool over = !is_judged(after) || after.trial->deployment != before_.trial->deployment;
    const bool exited = event<core::RunExited>() || event<core::RunNotReady>();
    must(!exited || !over || crashed_now_, "a trial ended without a crash");
    if (crashed_now_) {
        must(!over || crashes_ >= settings_.crash_loop.crashes,
             "a trial ended after too few crashes");
        must(over || crashes_ < settings_.crash_loop.crashes,
             "a trial goes on after too many crashes");
    }
    const auto* probed = event<core::ProbeFailed>();
    if (probed == nullptr || probed->slot != before_.active) return;
    if (probed->slot != before_.trial->slot || !is_news_of(probed->slot, probed->run)) return;
    if (!before_.serves(probed->slot)) return;
    must(over == (probed->in_a_row >= limits::kProbeFailuresMax),
         "a trial ends with the third failed probe in a row");
}

void Witness::check_good_crash(const core::RunExited& event, const core::AppState& after) {
    const bool on_trial = before_.trial && before_.trial->slot == event.slot;
    const bool good_crashed = !on_trial && before_.live && before_.active == event.slot &&
                              is_news_of(event.slot, event.run);
    if (!good_crashed || before_.quarantine.contains(*before_.live)) return;
    const Instant now = ground_.clock.now();
    auto& crashes = crashes_after_good_[*before_.live];
    crashes.push_back(now);
    std::erase_if(crashes, [&](Instant at) { return now - at > settings_.crash_loop.within; });
    const bool too_many = static_cast<int>(crashes.size()) >= settings_.crash_loop.crashes;
    const bool left = after.is_quarantined(*before_.live);
    must(!left || settings_.rollback_after_good, "a good release is rolled back for its crashes");
    must(!left || too_many || ground_.clock.times_set_back() > 0,
         "a good release is rolled back after too few crashes");
}

// Nobody waits for a process that is stopped although another could be started beside it.
void Witness::check_renewal(const core::AppState& after) const {
    if (!event<core::RenewWanted>() && !event<core::RestartAsked>()) return;
    const bool room = settings_.two_slots && !before_.trial && !before_.stopped &&
                      before_.slot(other(before_.active)).state == RunState::empty;
    must(!room || !before_.serves(before_.active) || after.serves(before_.active),
         "the old process is stopped before the fresh one is ready");
}

void Witness::check_warm(const core::AppState& after) const {
    const Slot standby = other(after.active);
    const auto& second = after.slot(standby);
    const bool runs = second.state == RunState::running || second.state == RunState::starting;
    // Nothing is left over.
    must(!runs || after.trial || after.work || second.commit == after.live,
         "a release runs on that nobody needs");
    const bool on_trial = is_judged(after) && after.trial->since;
    if (!on_trial || !settings_.two_slots) return;
    const bool starting = after.work && after.work->phase == core::Phase::starting;
    const bool same = is_judged(before_) && before_.trial->deployment == after.trial->deployment;
    if (settings_.keep_previous && same && !starting) {
        must(!before_.serves(standby) || second.state != RunState::stopping ||
                 second.commit == after.trial->commit,
             "the warm release is stopped before the probation ends");
    }
    if (settings_.keep_previous && !same && event<core::RunReady>()) {
        must(!before_.live || !before_.serves(before_.active) || before_.active == after.active ||
                 after.serves(before_.active),
             "the previous release is stopped at the switch");
    }
    must(settings_.keep_previous || same || !runs, "keep_previous is off, and it runs on");
}

// How long users have had the release on trial since its last crash.
void Witness::check_served_time(const AppWorld& world, bool healthy) {
    const core::AppState& after = world.state();
    if (event<core::TimerFired>() && before_.trial && !after.trial && !healthy) {
        ended_well_[before_.trial->commit] = served_;
    }
    follow_trial(after);
    const auto& process = world.process(world.users());
    serving_ = after.trial && process && process->ready && !process->ended && !process->stopping &&
               process->commit == after.trial->commit;
    if (!healthy || !served_exactly_ || !is_judged(after)) return;
    must(served_ - slept_ <= settings_.probation + Millis(1'000),
         "a probation goes on after its time");
}

}  // namespace lastgood::sim
