// The way back, and what becomes of a good release that crashes.
#include "core/app_driver.h"
#include "lastgood/base/limits.h"

namespace lastgood::core {
namespace {

TEST(WayBack, GoesFurtherBackWhereTheFirstWayBackFails) {
    AppDriver app = with_good(1, false);
    app.bring_to_good(2);
    app.bring_to_probation(3);
    app.settings.crash_loop.crashes = 1;
    app.exits(app.state.active);
    EXPECT_EQ(commit(2), app.the<DoStart>().commit);
    app.exits(other(app.state.active));
    EXPECT_TRUE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(other(app.state.active));
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_FALSE(app.state.trial);  // it is good already
}

TEST(WayBack, GoesBackByTheJournalsOrderAfterAnEarlierRollback) {
    AppDriver app = with_good(1);
    app.bring_to_good(2);
    app(RollbackAsked{{}, "ann"});
    app.ready(other(app.state.active));
    ASSERT_EQ(commit(1), app.state.live);
    app.stopped(other(app.state.active));
    app.bring_to_probation(3);
    app.settings.crash_loop.crashes = 1;
    app.exits(app.state.active);
    EXPECT_EQ(commit(1), app.state.live);  // never forward to 2, which was left
}

TEST(WayBack, KeepsTheFirstReleaseRestartingForWantOfABetterOne) {
    AppDriver app;
    app.bring_to_start(1);
    app.exits(Slot::green);
    EXPECT_EQ(Outcome::failed, app.outcome(1));
    EXPECT_TRUE(app.state.failed);
    EXPECT_FALSE(app.state.is_quarantined(commit(1)));
    app.exits(Slot::green);  // its second try, which was at once
    Millis last{0};
    for (int i = 0; i < 20; ++i) {
        const auto delay = app.all<SetTimer>().at(0).delay;
        EXPECT_LE(delay, app.settings.restart.longest * 11 / 10);
        last = delay;
        app.fire(TimerKind::restart_green);
        ASSERT_TRUE(app.did<DoStart>());
        app.exits(Slot::green);
    }
    EXPECT_GE(last, app.settings.restart.longest * 9 / 10);
    app.fire(TimerKind::restart_green);
    app.ready(Slot::green);
    app.end_probation();
    EXPECT_FALSE(app.state.failed);
    EXPECT_TRUE(app.state.is_good(commit(1)));
}

TEST(WayBack, RestartsAHangingFirstRelease) {
    AppDriver app;
    app.bring_to_start(1);
    app.not_ready(Slot::green);
    EXPECT_EQ(Slot::green, app.the<DoStop>().slot);
    app.stopped(Slot::green);
    EXPECT_EQ(Slot::green, app.the<DoStart>().slot);  // the first failure: at once
    app.not_ready(Slot::green);
    app.stopped(Slot::green);
    EXPECT_EQ(TimerKind::restart_green, app.the<SetTimer>().kind);
}

TEST(WayBack, IsPatientWithAGoodReleaseThatUsersWaitFor) {
    AppDriver app = with_good(1);
    app.exits(app.state.active);
    EXPECT_TRUE(app.the<DoStart>().patient);
    app.ready(app.state.active);
    app.bring_to_start(2);
    EXPECT_FALSE(app.the<DoStart>().patient);
    app.ready(other(app.state.active));
    app.exits(app.state.active);  // users are back on 1
    EXPECT_FALSE(app.the<DoStart>().patient);
}

TEST(WayBack, RestartsAGoodReleaseWithBackoffAndLeavesItInPlace) {
    AppDriver app = with_good(1);
    const Slot slot = app.state.active;
    app.pass(Millis(3'600'000));
    app.exits(slot);
    EXPECT_TRUE(app.did<DoStart>());  // the first: at once
    for (int i = 0; i < 5; ++i) {
        app.exits(slot);
        EXPECT_EQ(RunState::backoff, app.state.slot(slot).state);
        app.fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
    }
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_TRUE(app.state.quarantine.empty());
}

TEST(WayBack, RollsAGoodReleaseBackOnlyWhereTheConfigSaysSo) {
    for (const bool wanted : {false, true}) {
        AppDriver app = with_good(1);
        app.bring_to_good(2);
        app.settings.rollback_after_good = wanted;
        const Slot slot = app.state.active;
        for (int i = 0; i < app.settings.crash_loop.crashes; ++i) app.crash_and_retry(slot);
        EXPECT_EQ(wanted, app.state.is_quarantined(commit(2)));
        EXPECT_EQ(wanted, app.state.work.has_value());
    }
}

TEST(WayBack, ForgetsCrashesAfterGoodThatAreLongAgo) {
    AppDriver app = with_good(1);
    app.bring_to_good(2);
    app.settings.rollback_after_good = true;
    for (int i = 0; i < 10; ++i) app.crash_and_retry(app.state.active, Millis(61'000));
    EXPECT_FALSE(app.state.is_quarantined(commit(2)));
}

// Started together after a stop: the older one is there first, and crashes in a loop.
TEST(WayBack, WaitsForTheReleaseOnTrialWhereItsStandInCrashes) {
    AppDriver app = with_good(1);
    app.bring_to_good(2);
    app.bring_to_probation(3);
    app.settings.crash_loop.crashes = 1;
    const Slot on_trial = app.state.active;
    app(StopAsked{});
    app.stopped(on_trial);
    app.stopped(other(on_trial));
    app.deploy(4);
    app.ready(other(on_trial));
    ASSERT_EQ(commit(2), app.state.live);
    app.exits(other(on_trial));
    ASSERT_TRUE(app.state.trial);
    EXPECT_EQ(RunState::starting, app.state.slot(on_trial).state);
    EXPECT_FALSE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(RunState::starting, app.state.slot(other(on_trial)).state);  // its first restart
    app.ready(on_trial);
    EXPECT_EQ(commit(3), app.state.live);
}

}  // namespace
}  // namespace lastgood::core
