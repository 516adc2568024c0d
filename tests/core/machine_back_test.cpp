#include "core/machine_fixture.h"

namespace lastgood::core {
namespace {

using Machine = MachineTest;

TEST_F(Machine, AReleaseThatIsNeverReadyIsQuarantinedAndNeverHadUsers) {
    make_good('a');
    request('b');
    const DeploymentId id = answer.deployment;
    fetched('b');
    built();
    give(RunNotReady{other(state.active), state.slot(other(state.active)).run, "answered 503"});
    EXPECT_EQ(outcome_of(id), "failed");
    EXPECT_TRUE(state.is_quarantined(commit('b')));
    EXPECT_EQ(state.live, commit('a'));
    EXPECT_EQ(effect<DoSwitch>(), nullptr);
    EXPECT_NE(effect<DoStop>(), nullptr);
}

TEST_F(Machine, AQuarantinedCommitIsLeftAloneByEveryoneButForce) {
    make_good('a');
    request('b');
    fetched('b');
    built();
    exits(other(state.active));
    ASSERT_TRUE(state.is_quarantined(commit('b')));
    EXPECT_FALSE(request('b').accepted);
    EXPECT_FALSE(request('b', Trigger::cli).accepted);
    give(PollSaw{commit('b')});
    EXPECT_FALSE(state.work);
    Request forced;
    forced.commit = commit('b');
    forced.force = true;
    EXPECT_TRUE(give(RequestArrived{forced}).accepted);
    EXPECT_FALSE(state.is_quarantined(commit('b')));
}

TEST_F(Machine, TheFirstCrashMovesUsersToTheWarmReleaseAtOnce) {
    make_good('a');
    switch_to('b');
    const Slot slot = state.active;
    exits(slot);
    ASSERT_NE(effect<DoSwitch>(), nullptr);
    EXPECT_EQ(effect<DoSwitch>()->slot, other(slot));
    EXPECT_EQ(state.live, commit('a'));
    EXPECT_TRUE(state.trial);  // it is tried again, unseen
    EXPECT_EQ(state.slot(slot).state, RunState::starting);
    exits(slot);
    EXPECT_EQ(state.slot(slot).state, RunState::backoff);
}

TEST_F(Machine, RollsBackAfterTheConfiguredCrashesWithNothingToStart) {
    make_good('a');
    switch_to('b');
    const DeploymentId id = state.trial->deployment;
    for (int i = 0; i < 3; ++i) crash_and_retry();
    EXPECT_EQ(outcome_of(id), "rolled_back");
    EXPECT_TRUE(state.is_quarantined(commit('b')));
    EXPECT_EQ(state.live, commit('a'));
    EXPECT_FALSE(state.work);
    EXPECT_EQ(effect<DoStart>(), nullptr);
    ASSERT_NE(record<DeploymentQueued>(), nullptr);
    EXPECT_EQ(record<DeploymentQueued>()->request.trigger, Trigger::crash_loop);
}

TEST_F(Machine, CountsSlowCrashersOverTheWholeProbation) {
    make_good('a');
    switch_to('b');
    const DeploymentId id = state.trial->deployment;
    for (int i = 0; i < 3; ++i) {
        pass(Millis(45'000));  // beyond any rate, within each probation
        fire(TimerKind::probation);
        crash_and_retry();
    }
    EXPECT_EQ(outcome_of(id), "rolled_back");
}

TEST_F(Machine, FailedProbesInARowRollBackToo) {
    make_good('a');
    switch_to('b');
    const Slot slot = state.active;
    give(ProbeFailed{slot, state.slot(slot).run, 2, "answered 500"});
    EXPECT_TRUE(state.trial);
    give(ProbeFailed{slot, state.slot(slot).run, 3, "answered 500"});
    EXPECT_FALSE(state.trial);
    EXPECT_EQ(state.live, commit('a'));
    EXPECT_TRUE(state.is_quarantined(commit('b')));
}

TEST_F(Machine, GoesFurtherBackWhenTheWayBackFailsToo) {
    make_good('a');
    make_good('b');
    make_good('c');
    give(RollbackAsked{std::nullopt, "ada"});
    ASSERT_TRUE(state.work);
    EXPECT_EQ(state.work->commit, commit('b'));
    exits(other(state.active));  // b can't be started any more
    ASSERT_TRUE(state.work);
    EXPECT_EQ(state.work->commit, commit('a'));
}

TEST_F(Machine, TheFirstReleaseEverIsKeptRestartingAndNotQuarantined) {
    request('a');
    const DeploymentId id = answer.deployment;
    fetched('a');
    built();
    exits(other(state.active));
    EXPECT_EQ(outcome_of(id), "failed");
    EXPECT_FALSE(state.is_quarantined(commit('a')));
    EXPECT_EQ(condition(state), "failed");
    EXPECT_NE(effect<DoStart>(), nullptr);
    exits(state.active);
    EXPECT_TRUE(sets(TimerKind::restart_blue) || sets(TimerKind::restart_green));
}

// ---- after good
TEST_F(Machine, AGoodReleaseThatCrashesIsRestartedAndNotRolledBack) {
    make_good('a');
    make_good('b');
    for (int i = 0; i < 10; ++i) {
        exits(state.active);
        EXPECT_EQ(state.live, commit('b'));
        if (state.slot(state.active).state == RunState::backoff) {
            fire(state.active == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
        }
        ASSERT_EQ(state.slot(state.active).state, RunState::starting);
        ready(state.active);
    }
    EXPECT_FALSE(state.is_quarantined(commit('b')));
}

TEST_F(Machine, ACrashAfterARunThatDidWellIsRestartedAtOnce) {
    make_good('a');
    pass(Millis(3'600'000));
    exits(state.active);
    EXPECT_NE(effect<DoStart>(), nullptr);
}

TEST_F(Machine, RollsBackAfterGoodOnlyWhereTheConfigSaysSo) {
    settings.rollback_after_good = true;
    make_good('a');
    make_good('b');
    for (int i = 0; i < 3; ++i) {
        exits(state.active);
        if (state.work) break;
        if (state.slot(state.active).state == RunState::backoff) {
            fire(state.active == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
        }
        ready(state.active);
    }
    ASSERT_TRUE(state.work);
    EXPECT_EQ(state.work->commit, commit('a'));
    EXPECT_TRUE(state.is_quarantined(commit('b')));
}

// ---- operators
TEST_F(Machine, ARollbackQuarantinesWhatItLeavesAndIsIdempotent) {
    make_good('a');
    make_good('b');
    EXPECT_TRUE(give(RollbackAsked{commit('a'), "ada"}).accepted);
    EXPECT_EQ(state.quarantine.at(commit('b')), "rolled back by ada");
    ready(other(state.active));
    EXPECT_EQ(state.live, commit('a'));
    EXPECT_FALSE(state.trial);  // it was good before
    EXPECT_TRUE(give(RollbackAsked{commit('a'), "ada"}).accepted);
    EXPECT_FALSE(state.work);
}

TEST_F(Machine, ARollbackInTheProbationIsOneSwitch) {
    make_good('a');
    switch_to('b');
    give(RollbackAsked{std::nullopt, "ada"});
    ASSERT_NE(effect<DoSwitch>(), nullptr);
    EXPECT_EQ(effect<DoSwitch>()->commit, commit('a'));
    EXPECT_EQ(effect<DoStart>(), nullptr);
}

TEST_F(Machine, ThereIsNothingToRollBackToWithoutAGoodRelease) {
    EXPECT_FALSE(give(RollbackAsked{std::nullopt, "ada"}).accepted);
    make_good('a');
    EXPECT_FALSE(give(RollbackAsked{std::nullopt, "ada"}).accepted);
    EXPECT_FALSE(give(RollbackAsked{commit('f'), "ada"}).accepted);
}

TEST_F(Machine, ThePollerDoesNotFightARollbackNorAnOlderDeployment) {
    make_good('a');
    make_good('b');
    give(RollbackAsked{std::nullopt, "ada"});
    ready(other(state.active));
    give(PollSaw{commit('b')});
    EXPECT_FALSE(state.work);
}

TEST_F(Machine, StopStopsAndStartStartsWithoutADeployment) {
    make_good('a');
    give(StopAsked{});
    ASSERT_NE(effect<DoStop>(), nullptr);
    exits(state.active, true);
    EXPECT_EQ(condition(state), "stopped");
    EXPECT_EQ(effect<DoStart>(), nullptr);
    give(StartAsked{});
    ASSERT_NE(effect<DoStart>(), nullptr);
    EXPECT_EQ(effect<DoStart>()->commit, commit('a'));
}

TEST_F(Machine, ARestartIsNoCrash) {
    make_good('a');
    switch_to('b');
    const Slot slot = state.active;
    give(RestartAsked{});
    exits(slot, true);
    EXPECT_EQ(state.trial->crashes, 0);
    EXPECT_EQ(state.slot(slot).state, RunState::starting);
}

// ---- without two slots
TEST_F(Machine, WithoutListenTheOldOneStopsFirstAndComesBackWhenTheNewOneFails) {
    settings.two_slots = false;
    make_good('a');
    const Slot old = state.active;
    request('b');
    fetched('b');
    built();
    EXPECT_EQ(effect<DoStart>(), nullptr);  // a is still stopping
    exits(old, true);
    ASSERT_NE(effect<DoStart>(), nullptr);
    EXPECT_EQ(effect<DoStart>()->commit, commit('b'));
    exits(other(old));
    ASSERT_NE(effect<DoStart>(), nullptr);
    EXPECT_EQ(effect<DoStart>()->commit, commit('a'));
    EXPECT_TRUE(state.is_quarantined(commit('b')));
}

// ---- the daemon's death
TEST_F(Machine, AsksAgainForWhateverWasUnderWay) {
    make_good('a');
    request('b');
    give(DaemonStarted{});
    EXPECT_NE(effect<DoFetch>(), nullptr);
    fetched('b');
    give(DaemonStarted{});
    EXPECT_NE(effect<DoBuild>(), nullptr);
    built();
    give(DaemonStarted{});
    EXPECT_EQ(state.slot(state.active).commit, commit('a'));
    EXPECT_EQ(state.slot(other(state.active)).commit, commit('b'));
}

TEST_F(Machine, GivesUpAStartThatEndsTheDaemonAgainAndAgain) {
    make_good('a');
    request('b');
    const DeploymentId id = answer.deployment;
    fetched('b');
    built();
    for (int i = 0; i < limits::kStartAttemptsMax && state.work; ++i) give(DaemonStarted{});
    EXPECT_FALSE(state.work);
    EXPECT_EQ(outcome_of(id), "failed");
}

TEST_F(Machine, TheProbationCountsCrashesAcrossTheDaemonsDeath) {
    make_good('a');
    switch_to('b');
    crash_and_retry();
    crash_and_retry();
    EXPECT_EQ(state.trial->crashes, 2);
    give(DaemonStarted{});
    ready(state.trial->slot);
    exits(state.trial->slot);
    EXPECT_TRUE(state.is_quarantined(commit('b')));
}

TEST_F(Machine, NewsOfAnEarlierRunMeansNothing) {
    make_good('a');
    const AppState before = state;
    give(RunExited{state.active, RunId{state.slot(state.active).run.value + 7}, "", "", false});
    EXPECT_EQ(state, before);
    EXPECT_TRUE(effects.empty());
    give(Built{DeploymentId{999}});
    EXPECT_EQ(state, before);
}

}  // namespace
}  // namespace lastgood::core
