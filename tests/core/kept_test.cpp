// What users get for want of a better release, until there is a better one again.
#include "core/app_driver.h"

namespace lastgood::core {
namespace {

// 2 was left for 1, which could not be started any more: 2 is kept restarting.
AppDriver with_kept(bool two_slots = false) {
    AppDriver app = with_good(1, two_slots);
    app.bring_to_good(2);
    app(RollbackAsked{{}, "ann"});
    if (two_slots) {
        app.exits(app.state.active);
    } else {
        app.stopped(app.state.active);
    }
    app.exits(other(app.state.active));
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_TRUE(app.state.failed);
    EXPECT_TRUE(app.state.trial);
    return app;
}

// 2 was left for 1, which could not be started any more: 2 had not stopped, and serves on.
AppDriver with_left_one_serving() {
    AppDriver app = with_good(1);
    app.bring_to_good(2);
    app(RollbackAsked{{}, "ann"});
    app.exits(other(app.state.active));
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_TRUE(app.state.failed);
    EXPECT_TRUE(app.state.serves(app.state.active));
    return app;
}

void set_free(AppDriver& app, int number) {
    EXPECT_TRUE(app(QuarantineReleaseAsked{commit(number)}).accepted);
}

void fire_restart(AppDriver& app, Slot slot) {
    app.fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
}

void crash_into_backoff(AppDriver& app, Slot slot) {
    while (app.state.slot(slot).state != RunState::backoff) app.exits(slot);
}

// 3 goes live, and crashes until it is given up.
void fail_on_trial(AppDriver& app) {
    app.settings.crash_loop.crashes = 1;
    app.bring_to_probation(3);
    app.exits(app.state.active);
}

std::vector<NewsKind> told(const AppDriver& app) {
    std::vector<NewsKind> kinds;
    for (const Noticed& one : app.recorded<Noticed>()) kinds.push_back(one.kind);
    return kinds;
}
using Told = std::vector<NewsKind>;

void expect_running(const AppDriver& app, int number) {
    EXPECT_EQ(commit(number), app.state.live);
    EXPECT_TRUE(app.state.serves(app.state.active));
    EXPECT_EQ("running", condition(app.state));
}

// ---- kept restarting
TEST(Kept, IsLeftAtItsNextCrashForAReleaseThatWasFreed) {
    AppDriver app = with_kept();
    app.ready(app.state.active);
    set_free(app, 1);
    EXPECT_TRUE(app.effects.empty()) << "it runs";
    app.exits(app.state.active);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_EQ(Told{NewsKind::rolled_back}, told(app));
    app.ready(other(app.state.active));
    expect_running(app, 1);
}

TEST(Kept, IsLeftByANewDaemonForAReleaseThatWasFreed) {
    AppDriver app = with_kept();
    app.ready(app.state.active);
    set_free(app, 1);
    app.daemon_restarts();
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(other(app.state.active));
    expect_running(app, 1);
    EXPECT_FALSE(app.state.trial);
}

TEST(Kept, MovesUsersToTheBetterReleaseThatANewDaemonStartedBesideIt) {
    AppDriver app = with_kept(true);
    const Slot slot = app.state.active;
    app.ready(slot);
    set_free(app, 1);
    app.daemon_restarts(Millis(1'000), {slot});
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(other(slot));
    EXPECT_EQ(commit(2), app.state.live);
    app.exits(slot);
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_EQ(other(slot), app.the<DoSwitch>().slot);
    EXPECT_EQ(Told{NewsKind::rolled_back}, told(app));
    expect_running(app, 1);
}

TEST(Kept, GoesIntoQuarantineWhenItIsLeft) {
    AppDriver app = with_kept();
    fail_on_trial(app);  // nothing good is left: now 3 is kept
    EXPECT_EQ(commit(3), app.state.live);
    EXPECT_FALSE(app.state.is_quarantined(commit(3)));
    crash_into_backoff(app, app.state.active);
    set_free(app, 1);
    EXPECT_TRUE(app.state.is_quarantined(commit(3)));
    EXPECT_EQ(Told{NewsKind::rolled_back}, told(app));
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
}

TEST(Kept, IsLeftByAnOperatorWhoIsToldOfIt) {
    AppDriver app = with_kept();
    app.ready(app.state.active);
    set_free(app, 1);
    EXPECT_TRUE(app(RollbackAsked{{}, "ann"}).accepted);
    EXPECT_EQ(Told{NewsKind::rolled_back}, told(app));
    app.stopped(app.state.active);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(other(app.state.active));
    expect_running(app, 1);
}

TEST(Kept, ItsOwnFreedomEndsNoProbation) {
    AppDriver app = with_kept();
    app.ready(app.state.active);
    set_free(app, 2);
    EXPECT_EQ("failed", condition(app.state));
    app.end_probation();
    expect_running(app, 2);
}

// Users are on 2 while 3 is kept restarting, unseen.
TEST(Kept, IsGivenUpWhereUsersAreOnAReleaseThatWasFreed) {
    AppDriver app = with_left_one_serving();
    app.bring_to_probation(3);
    const Slot kept = app.state.active;
    app.exits(kept);
    ASSERT_EQ(commit(2), app.state.live);
    app.exits(other(kept));  // starts again at once
    crash_into_backoff(app, kept);
    fire_restart(app, kept);
    app.exits(kept);
    EXPECT_EQ(Outcome::failed, app.outcome(4));
    app.ready(other(kept));
    ASSERT_EQ(commit(2), app.state.live);
    set_free(app, 2);
    fire_restart(app, kept);
    app.exits(kept);
    EXPECT_FALSE(app.did<DoStart>());
    EXPECT_TRUE(app.state.is_quarantined(commit(3)));
    EXPECT_FALSE(app.state.trial);
    expect_running(app, 2);
    app.fire(TimerKind::settled);
    EXPECT_EQ(Told{NewsKind::recovered}, told(app));
}

// ---- left, and serving on
TEST(LeftOne, IsGoodAgainWhenItIsFreed) {
    AppDriver app = with_left_one_serving();
    EXPECT_EQ("failed", condition(app.state));
    set_free(app, 2);
    EXPECT_EQ(TimerKind::settled, app.the<SetTimer>().kind);
    expect_running(app, 2);
    app.fire(TimerKind::settled);
    EXPECT_EQ(Told{NewsKind::recovered}, told(app));
}

TEST(LeftOne, IsGoodAgainWhenItIsFreedWhileItIsToBeRestarted) {
    AppDriver app = with_left_one_serving();
    const Slot slot = app.state.active;
    crash_into_backoff(app, slot);
    set_free(app, 2);
    EXPECT_TRUE(app.effects.empty());
    EXPECT_EQ("backoff", condition(app.state));
    fire_restart(app, slot);
    app.ready(slot);
    expect_running(app, 2);
    app.fire(TimerKind::settled);
    EXPECT_EQ(Told{NewsKind::recovered}, told(app));
}

TEST(LeftOne, IsNotGoodByBeingFreedThatNeverWas) {
    AppDriver app = with_good(1);
    app.bring_to_probation(2);
    app.bring_to_start(3);
    app.stopped(other(app.state.active));  // the warm 1
    app.ready(other(app.state.active));
    app.settings.crash_loop.crashes = 1;
    app.exits(app.state.active);  // back on 2, which is no good one: 1 is started
    app.exits(other(app.state.active));
    ASSERT_EQ(commit(2), app.state.live);
    set_free(app, 1);
    app(RollbackAsked{{}, "ann"});
    app.exits(other(app.state.active));
    ASSERT_TRUE(app.state.is_quarantined(commit(2)));
    set_free(app, 2);
    EXPECT_EQ("failed", condition(app.state));
}

TEST(LeftOne, IsLeftAtItsNextCrashForAReleaseThatWasFreed) {
    AppDriver app = with_left_one_serving();
    set_free(app, 1);
    EXPECT_TRUE(app.effects.empty()) << "it runs";
    app.exits(app.state.active);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(other(app.state.active));
    expect_running(app, 1);
}

TEST(LeftOne, IsLeftAtOnceWhereItIsDownWhenABetterReleaseIsFreed) {
    AppDriver app = with_left_one_serving();
    const Slot slot = app.state.active;
    crash_into_backoff(app, slot);
    set_free(app, 1);
    EXPECT_EQ(RunState::empty, app.state.slot(slot).state);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(other(slot));
    expect_running(app, 1);
}

TEST(LeftOne, StaysWhereWhatWasFreedIsNoWayBack) {
    AppDriver app = with_left_one_serving();
    const Slot slot = app.state.active;
    crash_into_backoff(app, slot);
    app.state.quarantine[commit(9)] = "it was never ready";
    set_free(app, 9);
    EXPECT_TRUE(app.effects.empty());
    fire_restart(app, slot);
    EXPECT_EQ(commit(2), app.the<DoStart>().commit);
}

// ---- a release that is down
class Down : public ::testing::Test {
  protected:
    // Users are on the good release, which crashes as the one on trial does, until that is given
    // up.
    void go_down(int good) {
        for (int number = 1; number <= good; ++number) app.bring_to_good(number);
        app.bring_to_probation(9);
        slot = other(app.state.active);
        app.exits(other(slot));
        crash_into_backoff(app, slot);
        crash_into_backoff(app, other(slot));
        fire_restart(app, other(slot));
        app.exits(other(slot));
        ASSERT_TRUE(app.state.is_quarantined(commit(9)));
        ASSERT_EQ(commit(good), app.state.live);
    }

    AppDriver app;
    Slot slot = Slot::blue;  // of the good one
};

TEST_F(Down, IsStartedInTheOtherSlotWithoutAPause) {
    go_down(1);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_EQ(other(slot), app.the<DoStart>().slot);
    app.ready(other(slot));
    EXPECT_EQ(RunState::empty, app.state.slot(slot).state);
    EXPECT_TRUE(app.did<ClearTimer>());
    expect_running(app, 1);
}

TEST_F(Down, IsKeptRestartingWhereItsStartFailsToo) {
    go_down(1);
    app.exits(other(slot));
    EXPECT_TRUE(app.state.is_quarantined(commit(1)));
    EXPECT_EQ("failed", condition(app.state));
    EXPECT_FALSE(app.did<DoStart>()) << "its pause isn't over";
    fire_restart(app, slot);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(slot);
    app.end_probation();
    expect_running(app, 1);
    EXPECT_FALSE(app.state.is_quarantined(commit(1)));
}

TEST_F(Down, IsLeftForTheReleaseBeforeItWhateverElseIsFreed) {
    go_down(2);
    app.exits(other(slot));
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    ASSERT_EQ(RunState::backoff, app.state.slot(slot).state);
    set_free(app, 9);
    EXPECT_TRUE(app.effects.empty());
    app.ready(other(slot));
    expect_running(app, 1);
}

// Its probation goes on as if nothing was freed.
TEST(Freeing, LeavesAReleaseOnTrialAlone) {
    AppDriver app = with_good(1);
    app.settings.keep_previous = false;
    app.bring_to_probation(2);
    const Slot slot = app.state.active;
    app.stopped(other(slot));
    crash_into_backoff(app, slot);
    app.state.quarantine[commit(9)] = "x";
    set_free(app, 9);
    EXPECT_TRUE(app.effects.empty());
    fire_restart(app, slot);
    app.ready(slot);
    app.end_probation();
    EXPECT_EQ(Outcome::good, app.outcome(2));
}

}  // namespace
}  // namespace lastgood::core
