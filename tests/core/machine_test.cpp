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

}  // namespace
}  // namespace lastgood::core
