// A new daemon that finds what the one before it left running.
#include "core/app_driver.h"

namespace lastgood::core {
namespace {

TEST(TakeOver, LeavesAGoodReleaseAlone) {
    for (const bool two_slots : {true, false}) {
        AppDriver app = with_good(1, two_slots);
        const Slot slot = app.state.active;
        const RunId run = app.state.slot(slot).run;
        app.daemon_restarts(Millis(5'000), {slot});
        EXPECT_FALSE(app.did<DoStart>());
        EXPECT_FALSE(app.did<DoStop>());
        EXPECT_EQ(slot, app.the<DoSwitch>().slot);
        EXPECT_EQ(run, app.state.slot(slot).run);
        EXPECT_EQ("running", condition(app.state));
    }
}

TEST(TakeOver, ItsCrashIsStillItsOwn) {
    AppDriver app = with_good();
    const Slot slot = app.state.active;
    app.pass(Millis(60'000));
    app.daemon_restarts(Millis(1'000), {slot});
    app.exits(slot);  // it ran well for a minute: restarted at once
    EXPECT_EQ(slot, app.the<DoStart>().slot);
}

TEST(TakeOver, GoesOnWithALiveReleaseThatIsBeingStartedAgain) {
    AppDriver app = with_good();
    const Slot slot = app.state.active;
    app.exits(slot);
    const RunId run = app.state.slot(slot).run;
    app.daemon_restarts(Millis(1'000), {slot});
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_FALSE(app.did<DoStop>());
    app.ready(slot);
    EXPECT_TRUE(app.state.serves(slot));
    EXPECT_EQ(run, app.state.slot(slot).run);
}

TEST(TakeOver, GoesOnWithTheReleaseThatIsBeingDeployed) {
    for (const bool two_slots : {true, false}) {
        AppDriver app = with_good(1, two_slots);
        app.bring_to_start(2);
        const Slot slot = other(app.state.active);
        app.daemon_restarts(Millis(1'000), {Slot::blue, Slot::green});
        EXPECT_FALSE(app.did<DoStart>()) << two_slots;
        EXPECT_FALSE(app.did<DoStop>()) << two_slots;
        app.ready(slot);
        EXPECT_EQ(commit(2), app.state.live) << two_slots;
        EXPECT_TRUE(app.state.trial);
    }
}

TEST(TakeOver, EndsWhatWasBeingStartedForNobodyAnyMore) {
    AppDriver app = with_good();
    app(RenewWanted{RenewCause::memory, "it is large"});  // a fresh process, which can begin anew
    const Slot fresh = other(app.state.active);
    EXPECT_FALSE(is_taken_over(app.settings, app.state, fresh));
    app.daemon_restarts(Millis(1'000), {app.state.active, fresh});
    EXPECT_EQ(RunState::empty, app.state.slot(fresh).state);
}

TEST(TakeOver, StartsWhatIsGone) {
    AppDriver app = with_good();
    app.daemon_restarts();
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_EQ(app.state.active, app.the<DoStart>().slot);
}

TEST(TakeOver, GoesOnWithTheProbation) {
    AppDriver app = with_good();
    app.bring_to_probation(2);
    app.pass(Millis(40'000));
    const Slot slot = app.state.active;
    app.daemon_restarts(Millis(5'000), {slot, other(slot)});  // it ran on meanwhile
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_FALSE(app.did<DoStop>());
    EXPECT_EQ(Millis(15'000), app.the<SetTimer>().delay);
    EXPECT_TRUE(app.the<WatchHealth>().on);
    app.pass(Millis(15'000));
    app.fire(TimerKind::probation);
    EXPECT_TRUE(app.state.is_good(commit(2)));
    EXPECT_EQ(other(slot), app.the<DoStop>().slot);
}

TEST(TakeOver, MovesUsersToTheWarmReleaseWhereTheTrialHasEnded) {
    AppDriver app = with_good();
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    app.daemon_restarts(Millis(1'000), {other(slot)});
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_EQ(other(slot), app.state.active);
    EXPECT_EQ(commit(2), app.the<DoStart>().commit);  // its next try, unseen
    app.ready(slot);
    EXPECT_EQ(commit(2), app.state.live);
}

TEST(TakeOver, StartsTheWarmReleaseAgainBesideATrialThatRunsOn) {
    AppDriver app = with_good();
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    app.daemon_restarts(Millis(1'000), {slot});
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_EQ(other(slot), app.the<DoStart>().slot);
    EXPECT_EQ(commit(2), app.state.live);
}

TEST(TakeOver, GoesOnWithADeploymentBesideIt) {
    AppDriver app = with_good();
    app.bring_to_start(2);
    const Slot slot = app.state.active;
    app.daemon_restarts(Millis(1'000), {slot});
    EXPECT_EQ(commit(2), app.the<DoStart>().commit);
    EXPECT_EQ(other(slot), app.the<DoStart>().slot);
    app.ready(other(slot));
    EXPECT_EQ(commit(2), app.state.live);
}

TEST(TakeOver, WatchesItWhereWanted) {
    AppDriver app = with_good();
    app.settings.watch_liveness = true;
    app.daemon_restarts(Millis(1'000), {app.state.active});
    EXPECT_TRUE(app.the<WatchHealth>().on);
}

}  // namespace
}  // namespace lastgood::core
