// The live release in a fresh process: too large, deaf, or its hour has come.
#include "core/app_driver.h"
#include "lastgood/base/limits.h"

namespace lastgood::core {
namespace {

const RenewWanted kLarge{RenewCause::memory, "it uses 600 MB, more than memory_max"};
const RenewWanted kItsHour{RenewCause::schedule, "restart.every"};
const RenewWanted kChanged{RenewCause::config, "its config was changed"};

TEST(Renew, StartsTheFreshProcessBesideTheOldOne) {
    AppDriver app = with_good();
    const Slot old = app.state.active;
    EXPECT_TRUE(app(kLarge).accepted);
    EXPECT_FALSE(app.did<DoStop>());
    EXPECT_EQ(other(old), app.the<DoStart>().slot);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_TRUE(app.the<DoStart>().as_recorded);
    app.ready(other(old));
    EXPECT_EQ(other(old), app.the<DoSwitch>().slot);
    EXPECT_EQ(old, app.the<DoStop>().slot);
    EXPECT_EQ(other(old), app.state.active);
    app.stopped(old);
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_EQ("running", condition(app.state));
}

TEST(Renew, KeepsTheOldProcessWhenTheFreshOneFails) {
    AppDriver app = with_good();
    const Slot old = app.state.active;
    app(kLarge);
    app.exits(other(old));
    EXPECT_FALSE(app.did<DoSwitch>());
    EXPECT_EQ(Tone::error, app.the<Tell>().tone);
    EXPECT_TRUE(app.state.serves(old));
    app(kLarge);
    app.not_ready(other(old));
    EXPECT_FALSE(app.did<DoSwitch>());
    EXPECT_EQ(other(old), app.the<DoStop>().slot);
    app.stopped(other(old));
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_TRUE(app.state.quarantine.empty());
}

TEST(Renew, IsAskedForOnce) {
    AppDriver app = with_good();
    app(kLarge);
    EXPECT_TRUE(app(kLarge).accepted);
    EXPECT_TRUE(app.effects.empty());
}

TEST(Renew, WaitsForASlotThatIsStillBeingEmptied) {
    AppDriver app = with_good();
    app.bring_to_probation(2);
    app.end_probation();  // 1 is stopping
    EXPECT_FALSE(app(kItsHour).accepted);
    app.stopped(other(app.state.active));
    EXPECT_TRUE(app(kItsHour).accepted);
    EXPECT_EQ(commit(2), app.the<DoStart>().commit);
}

TEST(Renew, StopsAndStartsWithoutTwoSlots) {
    AppDriver app = with_good(1, false);
    const Slot slot = app.state.active;
    app(kLarge);
    EXPECT_EQ(slot, app.the<DoStop>().slot);
    app.stopped(slot);
    EXPECT_EQ(slot, app.the<DoStart>().slot);
    EXPECT_TRUE(app.state.crashes_after_good.empty());
}

TEST(Renew, GivesWayToANewRelease) {
    AppDriver app = with_good();
    const Slot old = app.state.active;
    app(kLarge);
    app.bring_to_start(2);
    EXPECT_EQ(other(old), app.the<DoStop>().slot);
    EXPECT_FALSE(app(kLarge).accepted);
    app.stopped(other(old));
    EXPECT_EQ(commit(2), app.the<DoStart>().commit);
    app.ready(other(old));
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_TRUE(app.state.trial);
}

TEST(Renew, TakesOverFromAnOldProcessThatCrashedMeanwhile) {
    AppDriver app = with_good();
    const Slot old = app.state.active;
    app(kLarge);
    app.exits(old);  // it had run well: started again at once
    app.exits(old);
    ASSERT_EQ(RunState::backoff, app.state.slot(old).state);
    app.ready(other(old));
    EXPECT_EQ(other(old), app.the<DoSwitch>().slot);
    EXPECT_TRUE(app.did<ClearTimer>());
    EXPECT_EQ(RunState::empty, app.state.slot(old).state);
}

TEST(Renew, CountsTooMuchMemoryOnTrialAsACrash) {
    AppDriver app = with_good();
    const Slot old = app.state.active;
    app.bring_to_probation(2);
    for (int i = 1; i < app.settings.crash_loop.crashes; ++i) {
        app(kLarge);
        EXPECT_EQ(i, app.state.trial->crashes);
        EXPECT_EQ(old, app.the<DoSwitch>().slot);
        app.stopped(other(old));
        if (app.state.slot(other(old)).state == RunState::backoff) {
            app.fire(old == Slot::blue ? TimerKind::restart_green : TimerKind::restart_blue);
        }
        app.ready(other(old));
        EXPECT_EQ(commit(2), app.state.live);
    }
    app(kLarge);
    EXPECT_EQ(Outcome::rolled_back, app.outcome(2));
    EXPECT_NE(std::string::npos, app.reason(2).find("memory_max"));
    EXPECT_EQ(commit(1), app.state.live);
}

TEST(Renew, KeepsNoHourInTheProbation) {
    AppDriver app = with_good();
    app.bring_to_probation(2);
    EXPECT_FALSE(app(kItsHour).accepted);
    EXPECT_TRUE(app.effects.empty());
}

TEST(Renew, AChangedConfigCountsForATrialWithoutBeingItsFault) {
    AppDriver app = with_good();
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    EXPECT_TRUE(app(kChanged).accepted);
    EXPECT_EQ(commit(1), app.the<DoSwitch>().commit);
    EXPECT_EQ(slot, app.the<DoStop>().slot);
    app.stopped(slot);
    app.ready(slot);
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_EQ(0, app.state.trial->crashes);
}

TEST(Renew, AChangedConfigIsForAFreshProcessThatIsNotReadyYet) {
    AppDriver app = with_good();
    const Slot standby = other(app.state.active);
    app(kLarge);
    EXPECT_TRUE(app(kChanged).accepted);
    EXPECT_EQ(standby, app.the<DoStop>().slot);
    app.stopped(standby);
    EXPECT_EQ(standby, app.the<DoStart>().slot);
    app.ready(standby);
    EXPECT_EQ(standby, app.state.active);
}

TEST(Renew, AChangedConfigMayCureWhatIsInBackoff) {
    AppDriver app = with_good();
    app.exits(app.state.active);
    app.exits(app.state.active);
    ASSERT_EQ(RunState::backoff, app.state.slot(app.state.active).state);
    EXPECT_TRUE(app(kChanged).accepted);
    EXPECT_TRUE(app.did<DoStart>());
}

TEST(Renew, AChangedConfigIsOwedWhileAnotherReleaseStarts) {
    AppDriver app = with_good();
    app.bring_to_start(2);
    EXPECT_FALSE(app(kChanged).accepted);
    app.ready(other(app.state.active));
    EXPECT_TRUE(app(kChanged).accepted);
}

TEST(Renew, LeavesAStoppedAppAlone) {
    AppDriver app = with_good();
    app(StopAsked{});
    EXPECT_FALSE(app(kLarge).accepted);
    EXPECT_FALSE(app(kChanged).accepted);
    app.stopped(app.state.active);
    EXPECT_FALSE(app(kLarge).accepted);
    EXPECT_TRUE(app.effects.empty());
}

TEST(Liveness, ProbesGoOnAfterTheProbationWhereWanted) {
    for (const bool wanted : {true, false}) {
        AppDriver app;
        app.settings.watch_liveness = wanted;
        app.bring_to_probation(1);
        app.end_probation();
        const auto watches = app.all<WatchHealth>();
        ASSERT_FALSE(watches.empty());
        EXPECT_EQ(wanted, watches.back().on);
    }
}

TEST(Liveness, ADeafReleaseIsRenewedAndWatchedAgain) {
    AppDriver app;
    app.settings.watch_liveness = true;
    app.bring_to_good(1);
    const Slot old = app.state.active;
    for (int i = 1; i < limits::kProbeFailuresMax; ++i) {
        app.probe_fails(i);
        EXPECT_FALSE(app.did<DoStart>());
    }
    app.probe_fails(limits::kProbeFailuresMax);
    EXPECT_EQ(other(old), app.the<DoStart>().slot);
    app.ready(other(old));
    const auto watches = app.all<WatchHealth>();
    ASSERT_EQ(2U, watches.size());
    EXPECT_FALSE(watches[0].on);
    EXPECT_EQ(other(old), watches[1].slot);
    EXPECT_TRUE(watches[1].on);
}

TEST(Liveness, IsWatchedAgainAfterARestart) {
    AppDriver app;
    app.settings.watch_liveness = true;
    app.bring_to_good(1);
    const Slot slot = app.state.active;
    app.pass(Millis(100'000));
    app.exits(slot);
    app.ready(slot);
    EXPECT_TRUE(app.the<WatchHealth>().on);
}

TEST(Liveness, ADeafReleaseThatIsNotWatchedStays) {
    AppDriver app = with_good();
    app.probe_fails(limits::kProbeFailuresMax);
    EXPECT_TRUE(app.effects.empty());
}

}  // namespace
}  // namespace lastgood::core
