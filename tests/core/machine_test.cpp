#include "core/machine_fixture.h"

namespace lastgood::core {
namespace {

using Machine = MachineTest;

// ---- the way of a push
TEST_F(Machine, FetchesThenBuildsThenStartsInTheStandbySlot) {
    EXPECT_TRUE(request('a').accepted);
    ASSERT_NE(effect<DoFetch>(), nullptr);
    EXPECT_EQ(effect<DoFetch>()->candidates, std::vector<CommitId>{commit('a')});
    fetched('a');
    ASSERT_NE(effect<DoBuild>(), nullptr);
    built();
    ASSERT_NE(effect<DoStart>(), nullptr);
    EXPECT_EQ(effect<DoStart>()->slot, other(state.active));
    EXPECT_EQ(effect<DoSwitch>(), nullptr);
    EXPECT_FALSE(state.live);
}

TEST_F(Machine, SwitchesOnlyWhenReadyAndBeginsTheProbation) {
    switch_to('a');
    ASSERT_NE(effect<DoSwitch>(), nullptr);
    EXPECT_EQ(effect<DoSwitch>()->commit, commit('a'));
    EXPECT_TRUE(sets(TimerKind::probation));
    ASSERT_TRUE(state.trial);
    EXPECT_EQ(condition(state), "probation");
}

TEST_F(Machine, IsGoodAfterTheProbationAndStopsThePreviousOne) {
    make_good('a');
    switch_to('b');
    EXPECT_TRUE(state.serves(other(state.active)));  // a stays warm
    pass(settings.probation);
    fire(TimerKind::probation);
    ASSERT_NE(record<BecameGood>(), nullptr);
    ASSERT_NE(effect<DoStop>(), nullptr);
    EXPECT_EQ(effect<DoStop>()->slot, other(state.active));
    EXPECT_EQ(state.good, (std::vector<CommitId>{commit('b'), commit('a')}));
}

TEST_F(Machine, StopsThePreviousOneAtOnceWhereItIsNotToBeKept) {
    settings.keep_previous = false;
    make_good('a');
    switch_to('b');
    ASSERT_NE(effect<DoStop>(), nullptr);
}

// ---- waiting
TEST_F(Machine, LatestWinsAndTheOlderWishIsRecordedAsSuperseded) {
    request('a');
    const DeploymentId first = answer.deployment;
    request('b');
    EXPECT_NE(effect<CancelWork>(), nullptr);
    EXPECT_EQ(outcome_of(first), "superseded");
    EXPECT_EQ(state.work->commit, commit('b'));
}

TEST_F(Machine, FinishesTheOlderOneFirstWhereTheConfigSaysSo) {
    settings.finish_before_newer = true;
    request('a');
    request('b');
    EXPECT_EQ(effect<CancelWork>(), nullptr);
    EXPECT_EQ(state.work->commit, commit('a'));
    ASSERT_TRUE(state.waiting);
    EXPECT_EQ(state.waiting->commit, commit('b'));
}

TEST_F(Machine, NeverCancelsASingleSlotStartBecauseTheOldReleaseHasStopped) {
    settings.two_slots = false;
    make_good('a');
    request('b');
    fetched('b');
    built();
    request('c');
    EXPECT_EQ(state.work->commit, commit('b'));
    ASSERT_TRUE(state.waiting);
}

TEST_F(Machine, ANewPushInTheProbationGoesOnAtOnceAndEndsItOnlyAtTheSwitch) {
    make_good('a');
    switch_to('b');
    const DeploymentId b = state.trial->deployment;
    request('c');
    fetched('c');
    EXPECT_EQ(outcome_of(b), "");
    built();
    exits(other(state.active), true);  // the warm a makes room
    ready(other(state.active));
    EXPECT_EQ(outcome_of(b), "superseded");
    EXPECT_EQ(state.live, commit('c'));
}

TEST_F(Machine, DeploysTheNewestByAncestryWhenDeliveriesComeOutOfOrder) {
    make_good('a');
    request('c');
    request('b');  // pushed before c, delivered after it
    const DeploymentId late = answer.deployment;
    ASSERT_EQ(state.work->request.over.size(), 1U);
    fetched('c');
    EXPECT_EQ(state.work->commit, commit('c'));
    EXPECT_EQ(state.work->request.delivery, "delivery-c");
    EXPECT_EQ(outcome_of(late), "superseded");
    ASSERT_NE(record<DeliveryRedecided>(), nullptr);
    EXPECT_EQ(record<DeliveryRedecided>()->delivery, "delivery-b");
}

// ---- stale, refused, ignored
TEST_F(Machine, AnAncestorOfTheLiveCommitIsStale) {
    make_good('b');
    request('a');
    const DeploymentId stale = answer.deployment;
    fetched('b');
    EXPECT_FALSE(state.work);
    EXPECT_EQ(outcome_of(stale), "superseded");
    EXPECT_EQ(record<DeliveryRedecided>()->decision, "stale");
    EXPECT_EQ(state.live, commit('b'));
}

TEST_F(Machine, ABranchThatWasForcedBackIsAWishLikeAnyOther) {
    make_good('b');
    request('a');
    fetched('a');  // the tip is a now
    EXPECT_EQ(state.work->phase, Phase::building);
}

TEST_F(Machine, ACommitThatIsNotThereYetIsAskedForAgainForAMinute) {
    request('b');
    const DeploymentId id = answer.deployment;
    int asked = 0;
    while (state.work && asked < 100) {
        FetchFacts facts;
        facts.tip = commit('a');
        facts.standings.push_back({.commit = commit('b')});
        give(Fetched{state.work->id, facts});
        ++asked;
        if (state.work) fire(TimerKind::fetch_retry);
    }
    EXPECT_GT(asked, 5);
    EXPECT_LT(asked, 100);
    EXPECT_EQ(outcome_of(id), "failed");
}

TEST_F(Machine, AFetchThatFailsIsTriedAgainUntilItIsSuperseded) {
    request('a');
    for (int i = 0; i < 50; ++i) {
        give(FetchFailed{state.work->id, "no route to host", false});
        ASSERT_TRUE(state.work);
        ASSERT_TRUE(sets(TimerKind::fetch_retry));
        fire(TimerKind::fetch_retry);
        ASSERT_NE(effect<DoFetch>(), nullptr);
    }
}

TEST_F(Machine, AnOperatorHearsOfAFailedFetchAtOnce) {
    request('a', Trigger::cli);
    const DeploymentId id = answer.deployment;
    give(FetchFailed{id, "no route to host", false});
    EXPECT_EQ(outcome_of(id), "failed");
}

TEST_F(Machine, PausedAndStoppedAppsTakeNoAutomaticDeployment) {
    make_good('a');
    give(PauseAsked{});
    EXPECT_FALSE(request('b').accepted);
    EXPECT_TRUE(request('b', Trigger::cli).accepted);
    give(ResumeAsked{});
    EXPECT_NE(effect<PollNow>(), nullptr);
}

// ---- bad
TEST_F(Machine, AFailedBuildIsNotQuarantinedAndMayBeTriedAgain) {
    make_good('a');
    request('b');
    const DeploymentId id = answer.deployment;
    fetched('b');
    give(BuildFailed{state.work->id, "step 1 exited with status 2"});
    EXPECT_EQ(outcome_of(id), "failed");
    EXPECT_FALSE(state.is_quarantined(commit('b')));
    EXPECT_TRUE(request('b').accepted);
}

TEST_F(Machine, ThePollerLeavesAFailedBuildAlone) {
    make_good('a');
    request('b');
    fetched('b');
    give(BuildFailed{state.work->id, "no"});
    give(PollSaw{commit('b')});
    EXPECT_FALSE(state.work);
    give(PollSaw{commit('c')});
    EXPECT_TRUE(state.work);
}

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
