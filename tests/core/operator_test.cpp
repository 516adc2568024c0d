// What operators ask for.
#include "core/app_driver.h"

namespace lastgood::core {
namespace {

AppDriver with_two_good(bool two_slots = true) {
    AppDriver app;
    app.settings.two_slots = two_slots;
    app.bring_to_good(1);
    app.bring_to_good(2);
    return app;
}

TEST(Operator, RollsBackToTheGoodReleaseBeforeWithoutABuild) {
    AppDriver app = with_two_good();
    const Answer answer = app(RollbackAsked{{}, "ann"});
    EXPECT_TRUE(answer.accepted);
    EXPECT_FALSE(app.did<DoFetch>());
    EXPECT_FALSE(app.did<DoBuild>());
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_TRUE(app.the<DoStart>().as_recorded);
    EXPECT_EQ("rolled back by ann", app.state.quarantine.at(commit(2)));
    EXPECT_TRUE(app.urgent);
    app.ready(other(app.state.active));
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_EQ(Outcome::good, app.outcome(answer.deployment.value));
}

TEST(Operator, RollsBackToTheWarmReleaseAtOnce) {
    AppDriver app;
    app.bring_to_good(1);
    app.bring_to_probation(2);
    const Answer answer = app(RollbackAsked{{}, "ann"});
    EXPECT_EQ(commit(1), app.the<DoSwitch>().commit);
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_EQ(Outcome::good, app.outcome(answer.deployment.value));
    EXPECT_EQ(Outcome::rolled_back, app.outcome(2));
}

TEST(Operator, IsToldWhyARollbackIsRefused) {
    AppDriver app;
    EXPECT_FALSE(app(RollbackAsked{{}, "ann"}).accepted);
    app.bring_to_good(1);
    EXPECT_FALSE(app(RollbackAsked{{}, "ann"}).accepted);
    EXPECT_FALSE(app(RollbackAsked{commit(9), "ann"}).accepted);
    app.bring_to_good(2);
    app.state.quarantine[commit(1)] = "x";
    EXPECT_FALSE(app(RollbackAsked{commit(1), "ann"}).accepted);
    EXPECT_TRUE(app.effects.empty());
}

TEST(Operator, RollsBackToACommitIdempotently) {
    AppDriver app = with_two_good();
    app(RollbackAsked{commit(1), "ann"});
    app.ready(other(app.state.active));
    const Answer again = app(RollbackAsked{commit(1), "ann"});
    EXPECT_TRUE(again.accepted);
    EXPECT_EQ("ignored", again.decision);
    EXPECT_FALSE(app.state.is_quarantined(commit(1)));
}

TEST(Operator, CancelsWhatIsUnderWayByARollback) {
    AppDriver app = with_two_good();
    const auto id = app.push(3).deployment;
    app(RollbackAsked{{}, "ann"});
    EXPECT_EQ(Outcome::cancelled, app.outcome(id.value));
    app.ready(other(app.state.active));
    app(PollSaw{commit(3)});
    EXPECT_FALSE(app.state.work);  // the poller doesn't fight it
    EXPECT_TRUE(app.push(4).accepted);
}

TEST(Operator, LeavesACrashingReleaseForGoodByARollback) {
    AppDriver app = with_two_good();
    const Slot slot = app.state.active;
    app.exits(slot);
    app.exits(slot);
    ASSERT_EQ(RunState::backoff, app.state.slot(slot).state);
    app(RollbackAsked{{}, "ann"});
    EXPECT_EQ(RunState::empty, app.state.slot(slot).state);
    EXPECT_TRUE(app.did<ClearTimer>());
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
}

TEST(Operator, KeepsServingWhereTheRollbacksTargetFails) {
    AppDriver app = with_two_good();
    app(RollbackAsked{{}, "ann"});
    app.exits(other(app.state.active));
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_TRUE(app.state.serves(app.state.active));
    app.exits(app.state.active);  // bad as it is, it is all there is
    EXPECT_NE(RunState::empty, app.state.slot(app.state.active).state);
}

TEST(Operator, StopsAndStartsWithoutADeployment) {
    AppDriver app;
    app.bring_to_good(1);
    const Slot slot = app.state.active;
    EXPECT_TRUE(app(StopAsked{}).accepted);
    EXPECT_EQ(slot, app.the<DoStop>().slot);
    EXPECT_TRUE(app.urgent);
    app.stopped(slot);
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_EQ("stopped", condition(app.state));
    EXPECT_EQ("the app is stopped", app.push(2).reason);
    app(StartAsked{});
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_TRUE(app.did<PollNow>());
}

TEST(Operator, StartsWhatIsStillStopping) {
    AppDriver app;
    app.bring_to_good(1);
    app(StopAsked{});
    app(StartAsked{});
    EXPECT_FALSE(app.did<DoStart>());
    app.stopped(app.state.active);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
}

TEST(Operator, FindsAfterAStopWhatWasCancelledByIt) {
    AppDriver app;
    app.bring_to_good(1);
    const auto id = app.push(2).deployment;
    app.fetched(2);
    app(StopAsked{});
    EXPECT_EQ(Outcome::cancelled, app.outcome(id.value));
    app.stopped(app.state.active);
    app(StartAsked{});
    EXPECT_TRUE(app(PollSaw{commit(2)}).accepted);
    EXPECT_TRUE(app.state.work);
}

TEST(Operator, EndsAStopOfAnAppThatNeverRan) {
    AppDriver app;
    EXPECT_FALSE(app(StartAsked{}).accepted);
    app(StopAsked{});
    EXPECT_TRUE(app(StartAsked{}).accepted);
    EXPECT_TRUE(app.did<PollNow>());
    EXPECT_TRUE(app(PollSaw{commit(1)}).accepted);
}

TEST(Operator, StartsByADeploymentWhatWasStopped) {
    AppDriver app;
    app.bring_to_good(1);
    app(StopAsked{});
    app.stopped(app.state.active);
    app.deploy(2);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);  // should 2 fail, 1 runs
    app.ready(app.state.active);
    app.fetch_fails();
    EXPECT_TRUE(app.state.serves(app.state.active));
}

TEST(Operator, GoesOnWithBothReleasesOfATrialAfterAStop) {
    AppDriver app;
    app.bring_to_good(1);
    app.bring_to_probation(2);
    app.pass(Millis(1'000));
    app.exits(app.state.active);  // users are on 1, 2 is to try again
    app(StopAsked{});
    for (const Slot slot : kSlots) {
        if (app.state.slot(slot).state == RunState::stopping) app.stopped(slot);
    }
    app(StartAsked{});
    EXPECT_EQ(2U, app.all<DoStart>().size());
    for (const Slot slot : kSlots) app.ready(slot);
    app.end_probation();
    EXPECT_EQ(Outcome::good, app.outcome(2));
}

TEST(Operator, RestartsThroughTheOtherSlot) {
    AppDriver app;
    app.bring_to_good(1);
    const Slot old = app.state.active;
    EXPECT_TRUE(app(RestartAsked{}).accepted);
    EXPECT_TRUE(app.all<DoStop>().empty());
    EXPECT_EQ(other(old), app.the<DoStart>().slot);
    app.ready(other(old));
    EXPECT_EQ(other(old), app.state.active);
    EXPECT_EQ(old, app.the<DoStop>().slot);
    app.stopped(old);
    EXPECT_TRUE(app.state.crashes_after_good.empty());
}

// The fresh one hangs: whoever asks once more wants it at once.
TEST(Operator, ASecondRestartDoesntWaitForTheFirst) {
    AppDriver app;
    app.bring_to_good(1);
    const Slot old = app.state.active;
    app(RestartAsked{});
    app(RestartAsked{});
    EXPECT_EQ(old, app.the<DoStop>().slot);
}

TEST(Operator, RestartsInPlaceAndCountsNoCrash) {
    AppDriver app;
    app.settings.two_slots = false;
    app.bring_to_good(1);
    const Slot slot = app.state.active;
    app(RestartAsked{});
    EXPECT_EQ(slot, app.the<DoStop>().slot);
    app.stopped(slot);
    EXPECT_EQ(slot, app.the<DoStart>().slot);
    EXPECT_TRUE(app.state.crashes_after_good.empty());
}

TEST(Operator, RestartsAReleaseOnTrialBehindTheWarmOne) {
    AppDriver app;
    app.bring_to_good(1);
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    app.pass(Millis(20'000));
    app(RestartAsked{});
    EXPECT_EQ(commit(1), app.the<DoSwitch>().commit);
    EXPECT_EQ(slot, app.the<DoStop>().slot);
    app.stopped(slot);
    app.ready(slot);
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_EQ(0, app.state.trial->crashes);
    EXPECT_EQ(Millis(20'000), app.state.trial->ran);
}

TEST(Operator, CannotRestartWhatHasStoppedForAnotherRelease) {
    AppDriver app;
    app.settings.two_slots = false;
    app.bring_to_good(1);
    app.push(2);
    app.fetched(2);
    app.built();  // 1 is stopping for 2
    app(RestartAsked{});
    app.stopped(app.state.active);
    EXPECT_EQ(commit(2), app.the<DoStart>().commit);
}

TEST(Operator, PausesAutomaticDeploymentsOnly) {
    AppDriver app;
    app(PauseAsked{});
    EXPECT_EQ("automatic deployments are paused", app.push(1).reason);
    EXPECT_TRUE(app.deploy(1).accepted);
    EXPECT_EQ("it was paused already", app(PauseAsked{}).reason);
}

TEST(Operator, FreesACommit) {
    AppDriver app;
    EXPECT_FALSE(app(QuarantineReleaseAsked{commit(1)}).accepted);
    app.state.quarantine[commit(1)] = "x";
    EXPECT_TRUE(app(QuarantineReleaseAsked{commit(1)}).accepted);
    EXPECT_EQ(commit(1), app.recorded<Unquarantined>().at(0).commit);
    EXPECT_TRUE(app.push(1).accepted);
}

TEST(Operator, OpensAWayBackByFreeingAGoodRelease) {
    AppDriver app = with_two_good(false);
    app(RollbackAsked{{}, "ann"});
    app.stopped(app.state.active);
    app.exits(other(app.state.active));  // 1 failed, 2 was left: 2 is kept restarting
    ASSERT_TRUE(app.state.failed);
    ASSERT_EQ(commit(2), app.state.live);
    while (app.state.slot(app.state.active).state != RunState::backoff) app.exits(app.state.active);
    app(QuarantineReleaseAsked{commit(1)});
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(other(app.state.active));
    EXPECT_FALSE(app.state.failed);
    EXPECT_EQ("running", condition(app.state));
}

TEST(Operator, TakesALeftReleaseOutOfQuarantineThatDidWellAfterAll) {
    AppDriver app = with_two_good(false);
    app(RollbackAsked{{}, "ann"});
    app.stopped(app.state.active);
    app.exits(other(app.state.active));
    if (app.state.slot(app.state.active).state == RunState::backoff) {
        app.fire(app.state.active == Slot::blue ? TimerKind::restart_blue
                                                : TimerKind::restart_green);
    }
    app.ready(app.state.active);
    app.end_probation();
    EXPECT_FALSE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(commit(2), app.state.good.front());
}

}  // namespace
}  // namespace lastgood::core
