// From the start to good: readiness, probation, crashes, the way back.
#include "core/app_driver.h"
#include "lastgood/base/limits.h"

namespace lastgood::core {
namespace {

TEST(Probation, NeverSwitchesToAReleaseThatIsNotReady) {
    AppDriver app = with_good(1);
    app.bring_to_start(2);
    EXPECT_FALSE(app.did<DoSwitch>());
    app.not_ready(other(app.state.active));
    EXPECT_FALSE(app.did<DoSwitch>());
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_EQ(Outcome::failed, app.outcome(2));
    EXPECT_TRUE(app.state.is_quarantined(commit(2)));
    EXPECT_TRUE(app.did<DoStop>());
}

TEST(Probation, QuarantinesAReleaseThatEndsBeforeItIsReady) {
    AppDriver app = with_good(1);
    app.bring_to_start(2);
    app.exits(other(app.state.active));
    EXPECT_EQ(Outcome::failed, app.outcome(2));
    EXPECT_NE(std::string::npos, app.reason(2).find("boom"));
    EXPECT_TRUE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(commit(1), app.state.live);
}

TEST(Probation, StartsTheOldReleaseAgainWithoutTwoSlots) {
    AppDriver app = with_good(1, false);
    app.bring_to_start(2);
    app.not_ready(other(app.state.active));
    EXPECT_FALSE(app.did<DoStart>());  // not before the bad one has gone
    app.stopped(other(app.state.active));
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_TRUE(app.the<DoStart>().as_recorded);
}

TEST(Probation, CountsSlowCrashersOverTheWholeProbation) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    for (int i = 0; i < 2; ++i) {
        app.crash_and_retry(slot, Millis(30'000));
        EXPECT_EQ(commit(2), app.state.live);
        EXPECT_FALSE(app.outcome(2)) << "crash " << i;
    }
    app.crash_and_retry(slot, Millis(30'000));
    EXPECT_EQ(Outcome::rolled_back, app.outcome(2));
    EXPECT_TRUE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(commit(1), app.state.live);
}

TEST(Probation, WantsAWholeProbationInOneGo) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.crash_and_retry(app.state.active, Millis(59'000));
    EXPECT_EQ(app.settings.probation, app.all<SetTimer>().at(0).delay);
    app.pass(Millis(59'000));
    app.fire(TimerKind::probation);
    EXPECT_TRUE(app.state.trial);
    app.pass(Millis(1'000));
    app.fire(TimerKind::probation);
    EXPECT_TRUE(app.state.is_good(commit(2)));
}

TEST(Probation, CountsTheProbationsRunningTimeAcrossTheDaemonsDeath) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.pass(Millis(40'000));
    app(PollSaw{commit(2)});  // any step stores the clock
    app.daemon_restarts(Millis(100'000));
    app.ready(app.state.active);
    bool set = false;
    for (const auto& timer : app.all<SetTimer>()) {
        set = set || (timer.kind == TimerKind::probation && timer.delay == Millis(20'000));
    }
    EXPECT_TRUE(set);
}

TEST(Probation, CountsNoTimeBelowZeroWhenTheClockGoesBack) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.pass(Millis(10'000));
    app(PollSaw{commit(2)});
    app.pass(Millis(-300'000));
    app(PollSaw{commit(2)});
    EXPECT_EQ(Millis(10'000), app.state.trial->ran);
    app.pass(Millis(50'000));
    app.fire(TimerKind::probation);
    EXPECT_TRUE(app.state.is_good(commit(2)));
}

TEST(Probation, RunsTheHookOfAFailureWhereThereIsNothingToGoBackTo) {
    AppDriver app;
    app.settings.crash_loop.crashes = 1;
    app.bring_to_probation(1);
    app.exits(app.state.active);
    EXPECT_EQ(Outcome::failed, app.outcome(1));
    EXPECT_EQ(HookKind::on_failure, app.the<RunHook>().kind);
    EXPECT_EQ(commit(1), app.the<RunHook>().commit);
}

// What is stale, forced elsewhere or unchanged under `paths` was said of the release that crashed.
TEST(Probation, AsksTheRemoteAgainWhenACrashMovedUsersDuringAFetch) {
    AppDriver app = with_good(1);
    app.settings.fast_forward_only = true;
    app.bring_to_probation(2);
    app.push(3);  // forced: on top of 1, and not of 2
    EXPECT_EQ(commit(2), app.the<DoFetch>().live);
    FetchFacts facts = app.facts(3);
    facts.live_known = true;
    app.exits(app.state.active);
    ASSERT_EQ(commit(1), app.state.live);
    app(Fetched{app.state.work->id, facts});
    EXPECT_EQ(commit(1), app.the<DoFetch>().live);
    facts.standings.at(0).descends_from_live = true;
    app(Fetched{app.state.work->id, facts});
    EXPECT_EQ(commit(3), app.the<DoBuild>().commit);
}

// Else its next try would take them away again.
TEST(Probation, EndsWhenTheBranchIsForcedBackToTheReleaseThatUsersAreBackOn) {
    for (const bool polled : {false, true}) {
        AppDriver app = with_good(1);
        app.bring_to_probation(2);
        app.exits(app.state.active);
        ASSERT_EQ(commit(1), app.state.live);
        if (polled) {
            app(PollSaw{commit(1)});
        } else {
            EXPECT_TRUE(app.push(1).accepted);
        }
        app.fetched(1);
        EXPECT_FALSE(app.state.trial);
        EXPECT_EQ(commit(1), app.state.live);
        EXPECT_EQ(Outcome::superseded, app.outcome(2));
    }
}

TEST(Probation, MovesUsersToTheWarmReleaseAtTheFirstCrash) {
    AppDriver app = with_good(1);
    const Slot old = app.state.active;
    app.bring_to_probation(2);
    EXPECT_EQ(RunState::running, app.state.slot(old).state);
    app.pass(Millis(1'000));
    app.exits(other(old));
    EXPECT_EQ(old, app.the<DoSwitch>().slot);
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_TRUE(app.urgent);
    app.fire(old == Slot::blue ? TimerKind::restart_green : TimerKind::restart_blue);
    EXPECT_FALSE(app.did<DoSwitch>());  // its next try is unseen
    app.ready(other(old));
    EXPECT_EQ(other(old), app.the<DoSwitch>().slot);
    EXPECT_EQ(commit(2), app.state.live);
}

TEST(Probation, GoesBackToTheWarmReleaseWithoutAStart) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.settings.crash_loop.crashes = 1;
    app.pass(Millis(1'000));
    app.exits(app.state.active);
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_EQ(commit(1), app.the<DoSwitch>().commit);
    EXPECT_EQ(Outcome::rolled_back, app.outcome(2));
    EXPECT_EQ(Outcome::good, app.outcome(3));  // the way back is a deployment of its own
    EXPECT_EQ(Trigger::crash_loop, app.recorded<DeploymentQueued>().at(0).request.trigger);
    EXPECT_EQ(HookKind::on_rollback, app.the<RunHook>().kind);
}

TEST(Probation, StopsTheWarmReleaseWhenTheProbationEnds) {
    AppDriver app = with_good(1);
    const Slot old = app.state.active;
    app.bring_to_probation(2);
    EXPECT_FALSE(app.did<DoStop>());
    app.end_probation();
    EXPECT_EQ(old, app.the<DoStop>().slot);
}

TEST(Probation, StopsTheOldReleaseAtOnceWhereItIsNotKept) {
    AppDriver app = with_good(1);
    app.settings.keep_previous = false;
    const Slot old = app.state.active;
    app.bring_to_probation(2);
    EXPECT_EQ(old, app.the<DoStop>().slot);
}

TEST(Probation, RollsBackWhenTheProbeFailsThreeTimesInARow) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.probe_fails(1);
    app.probe_fails(2);
    EXPECT_TRUE(app.state.trial);
    app.probe_fails(limits::kProbeFailuresMax);
    EXPECT_EQ(Outcome::rolled_back, app.outcome(2));
    EXPECT_TRUE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(commit(1), app.state.live);
}

TEST(Probation, RollsBackWhenItsNextTriesAreNotReady) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    app.exits(slot);
    app.not_ready(slot);
    EXPECT_TRUE(app.state.trial);
    app.stopped(slot);
    app.fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
    app.not_ready(slot);
    EXPECT_EQ(Outcome::rolled_back, app.outcome(2));
    EXPECT_EQ("it was not ready within 30s", app.reason(2));
    EXPECT_EQ(slot, app.the<DoStop>().slot);
    EXPECT_TRUE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(commit(1), app.state.live);
}

TEST(Probation, WatchesHealthDuringTheProbationOnly) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    EXPECT_TRUE(app.all<WatchHealth>().at(0).on);
    app.end_probation();
    EXPECT_FALSE(app.all<WatchHealth>().at(0).on);
}

TEST(Probation, EndsATrialAsSupersededWhenTheNewerReleaseIsLive) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.bring_to_start(3);
    EXPECT_TRUE(app.state.trial);
    EXPECT_FALSE(app.outcome(2));
    // The warm release had the place that the newest one needs.
    if (!app.did<DoStart>()) app.stopped(other(app.state.active));
    app.ready(other(app.state.active));
    EXPECT_EQ(Outcome::superseded, app.outcome(2));
    EXPECT_EQ(commit(3), app.state.trial->commit);
}

TEST(Probation, PutsWorkBackWhileTheWayBackIsTaken) {
    AppDriver app = with_good(1, false);
    app.bring_to_probation(2);
    app.settings.crash_loop.crashes = 1;
    app.push(3);
    app.fetched(3);
    app.exits(app.state.active);
    EXPECT_EQ(Trigger::crash_loop, app.state.work->request.trigger);
    EXPECT_EQ(commit(3), app.state.waiting->commit);
    app.ready(other(app.state.active));
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_TRUE(app.did<DoFetch>());
    EXPECT_EQ(commit(3), app.state.work->commit);
}

TEST(Probation, RemembersWhatWasPutBackWhereALaterDeliveryWaits) {
    AppDriver app = with_good(1, false);
    app.settings.finish_before_newer = true;
    app.bring_to_probation(2);
    app.settings.crash_loop.crashes = 1;
    app.push(4);
    app.fetched(4);
    app.push(3);  // late
    app.exits(app.state.active);
    app.ready(other(app.state.active));
    EXPECT_EQ((std::vector{commit(3), commit(4)}), app.all<DoFetch>().at(0).candidates);
}

// More wait than can be compared, so the tip is meant, which is no older than what was put back.
TEST(Probation, ForgetsWhatWasPutBackWhereTheTipWaits) {
    AppDriver app = with_good(1, false);
    app.settings.finish_before_newer = true;
    app.bring_to_probation(2);
    app.settings.crash_loop.crashes = 1;
    const auto id = app.push(3).deployment;
    app.fetched(3);
    const int first = 4;
    for (int i = 0; i <= static_cast<int>(limits::kCandidatesMax); ++i) app.push(first + i);
    ASSERT_FALSE(app.state.waiting->request.commit);
    app.exits(app.state.active);
    EXPECT_EQ(Outcome::superseded, app.outcome(id.value));
    app.ready(other(app.state.active));
    ASSERT_EQ(commit(1), app.state.live);
    EXPECT_TRUE(app.the<DoFetch>().candidates.empty());
}

TEST(Probation, SendsUsersAfterTheDaemonsDeathToWhatIsReadyFirst) {
    AppDriver app = with_good(1);
    const Slot old = app.state.active;
    app.bring_to_probation(2);
    app.daemon_restarts();
    EXPECT_EQ(2U, app.all<DoStart>().size());
    app.ready(old);
    EXPECT_EQ(old, app.the<DoSwitch>().slot);
    EXPECT_EQ(commit(1), app.state.live);
    app.ready(other(old));
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_TRUE(app.state.trial->since);
}

TEST(Probation, IgnoresNewsOfFormerRuns) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    const RunId old = app.state.slot(slot).run;
    app.crash_and_retry(slot);
    for (const Event& late : std::vector<Event>{
             RunReady{slot, old}, RunNotReady{slot, old, "x"}, ProbeFailed{slot, old, 3, "x"},
             RunExited{slot, old, "x", "", false}, RunExited{slot, RunId{}, "x", "", true}}) {
        const AppState before = app.state;
        app(late);
        EXPECT_TRUE(app.effects.empty());
        EXPECT_EQ(before, app.state);
    }
}

TEST(Probation, ServesFromOneSlotWhereTheConfigLostTheOther) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.exits(app.state.active);  // users are on 1, 2 tries again
    app.settings.two_slots = false;
    app.daemon_restarts();
    EXPECT_EQ(1U, app.all<DoStart>().size());
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_EQ(1, app.state.trial->crashes);
}

}  // namespace
}  // namespace lastgood::core
