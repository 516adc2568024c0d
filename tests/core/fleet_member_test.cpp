#include "core/fleet_member_fixture.h"

namespace lastgood::core {
namespace {

TEST_F(FleetMemberTest, WithoutAGrantNothingIsDeployed) {
    decide();
    EXPECT_FALSE(acts.deploy);
    EXPECT_EQ(acts.report.commit, commit('a'));
    EXPECT_EQ(acts.report.state, "running");
    EXPECT_EQ(acts.report.seen.number, 1);
    EXPECT_EQ(acts.report.seen.commit, commit('b'));
    view.wish.reset();
    decide();
    EXPECT_EQ(acts.report.seen.number, 1);
}

TEST_F(FleetMemberTest, AGrantIsTakenUpOnceAndItsOutcomeIsReported) {
    grant("w1", 1, 'b');
    decide();
    ASSERT_TRUE(acts.deploy);
    EXPECT_EQ(acts.deploy->commit, commit('b'));
    EXPECT_EQ(memory.wish, "w1");
    begin();
    decide();
    EXPECT_FALSE(acts.deploy);
    EXPECT_TRUE(acts.report.busy);
    EXPECT_EQ(acts.report.outcome_of("w1", commit('b')), GrantOutcome::none);
    end(GrantOutcome::good);
    decide();
    EXPECT_FALSE(acts.deploy);
    EXPECT_EQ(acts.report.outcome_of("w1", commit('b')), GrantOutcome::good);
    EXPECT_EQ(acts.report.outcome_of("w1", commit('c')), GrantOutcome::none);
    EXPECT_EQ(acts.report.outcome_of("w2", commit('b')), GrantOutcome::none);
    view.grant.reset();
    decide();
    EXPECT_EQ(acts.report.outcome, GrantOutcome::good);
}

TEST_F(FleetMemberTest, AnOrderThatTheDaemonNeverHeardIsToldAgain) {
    grant("w1", 1, 'b');
    decide();
    const auto order = acts.deploy->order;
    decide();
    ASSERT_TRUE(acts.deploy);
    EXPECT_EQ(acts.deploy->order, order);
}

TEST_F(FleetMemberTest, WhatIsLiveAndGoodAlreadyIsNotDeployed) {
    grant("w1", 1, 'a');
    decide();
    EXPECT_FALSE(acts.deploy);
    EXPECT_EQ(acts.report.outcome, GrantOutcome::good);
}

TEST_F(FleetMemberTest, WhatIsLiveAndNotProvedIsDeployed) {
    grant("w1", 1, 'a');
    local.proved = false;
    decide();
    EXPECT_TRUE(acts.deploy);
    memory = {};
    local.proved = true;
    local.busy = true;
    decide();
    EXPECT_TRUE(acts.deploy);
}

TEST_F(FleetMemberTest, ANewerGrantTakesThePlaceOfOneUnderWay) {
    grant("w1", 1, 'b');
    decide();
    begin();
    wish("w2", 2, 'c');
    grant("w2", 2, 'c');
    decide();
    ASSERT_TRUE(acts.deploy);
    EXPECT_EQ(acts.deploy->order, 2U);
    EXPECT_EQ(acts.deploy->commit, commit('c'));
    // Late news of the older one is none of this one.
    end(GrantOutcome::bad, "crashed");
    decide();
    EXPECT_EQ(acts.report.outcome, GrantOutcome::none);
}

TEST_F(FleetMemberTest, AGrantOfAnOlderWishIsDeclined) {
    wish("w2", 2, 'c');
    grant("w1", 1, 'b');
    declines("this host has seen a newer wish, number 2");
    grant("w9", 2, 'b');
    declines("this host has seen a newer wish, number 2");
}

TEST_F(FleetMemberTest, ACommitInTheFleetsQuarantineIsDeclinedUnlessByForce) {
    view.quarantine = {commit('b')};
    grant("w1", 1, 'b');
    declines("commit bbbbbbb is in the fleet's quarantine");
    wish("w2", 2, 'b');
    grant("w2", 2, 'b');
    view.grant->force = true;
    decide();
    ASSERT_TRUE(acts.deploy);
    EXPECT_TRUE(acts.deploy->force);
}

TEST_F(FleetMemberTest, WhatWasTriedForAWishIsNotTriedAgainThoughRestoredDataAsksForIt) {
    grant("w1", 1, 'b');
    decide();
    begin();
    end(GrantOutcome::good);
    decide();
    view.grant = Grant{"w1", 1, commit('a'), true, false};
    decide();
    begin();
    end(GrantOutcome::good);
    decide();
    view.revision = 60;
    grant("w1", 1, 'b');
    declines("commit bbbbbbb was deployed here for this wish before");
    view.grant = Grant{"w1", 1, commit('c'), true, false};
    decide();
    EXPECT_TRUE(acts.deploy);
    wish("w2", 2, 'b');
    grant("w2", 2, 'b');
    decide();
    EXPECT_TRUE(acts.deploy);
}

TEST_F(FleetMemberTest, WhatProvesBadElsewhereWhileItIsBuiltHereIsWithdrawn) {
    grant("w1", 1, 'b');
    decide();
    begin();
    view.quarantine = {commit('b')};
    decide();
    EXPECT_EQ(acts.withdraw, 1U);
    EXPECT_EQ(acts.report.outcome, GrantOutcome::declined);
    EXPECT_EQ(acts.report.reason, "commit bbbbbbb is in the fleet's quarantine");
    decide();  // as long as it works
    EXPECT_EQ(acts.withdraw, 1U);
    end(GrantOutcome::declined, "withdrawn");
    decide();
    EXPECT_FALSE(acts.withdraw);
    EXPECT_FALSE(acts.deploy);
    EXPECT_EQ(acts.report.reason, "commit bbbbbbb is in the fleet's quarantine");
}

TEST_F(FleetMemberTest, WhatProvesBadElsewhereIsWithdrawnBeforeTheDaemonHeardOfIt) {
    grant("w1", 1, 'b');
    decide();
    view.quarantine = {commit('b')};
    decide();
    EXPECT_EQ(acts.withdraw, 1U);
    EXPECT_FALSE(acts.deploy);
    decide();
    EXPECT_FALSE(acts.withdraw);
    EXPECT_FALSE(acts.deploy);
}

TEST_F(FleetMemberTest, WhatIsBegunIsJudgedHereThoughItProvesBadElsewhere) {
    grant("w1", 1, 'b');
    decide();
    begin();
    local.begun = true;
    view.quarantine = {commit('b')};
    decide();
    EXPECT_FALSE(acts.withdraw);
    memory = {};
    local = {};
    view.grant->back = true;
    decide();
    begin();
    decide();
    EXPECT_FALSE(acts.withdraw);
}

TEST_F(FleetMemberTest, CutOffItBeginsNothingAndWithdrawsWhatIsNotBegun) {
    grant("w1", 1, 'b');
    decide();
    begin();
    view.current = false;
    decide();
    EXPECT_EQ(acts.withdraw, 1U);
    EXPECT_EQ(acts.report.wish, "");
    decide();  // as long as it works
    EXPECT_EQ(acts.withdraw, 1U);
    end(GrantOutcome::declined, "withdrawn");
    decide();
    EXPECT_FALSE(acts.withdraw);
    EXPECT_FALSE(acts.deploy);
    EXPECT_EQ(acts.report.outcome, GrantOutcome::none);
    // With the next grant it is taken up anew.
    view.current = true;
    decide();
    ASSERT_TRUE(acts.deploy);
    EXPECT_EQ(acts.deploy->order, 2U);
}

TEST_F(FleetMemberTest, CutOffBeforeTheDaemonHeardOfItItIsWithdrawnToo) {
    grant("w1", 1, 'b');
    decide();
    view.current = false;
    decide();
    EXPECT_EQ(acts.withdraw, 1U);
    EXPECT_FALSE(acts.deploy);
}

TEST_F(FleetMemberTest, CutOffWhatIsBegunGoesOn) {
    grant("w1", 1, 'b');
    decide();
    begin();
    local.begun = true;
    view.current = false;
    decide();
    EXPECT_FALSE(acts.withdraw);
    end(GrantOutcome::good);
    decide();
    EXPECT_FALSE(acts.withdraw);
    EXPECT_EQ(acts.report.outcome_of("w1", commit('b')), GrantOutcome::good);
}

TEST_F(FleetMemberTest, CutOffWithNothingFromTheFleetNothingIsWithdrawn) {
    view.current = false;
    decide();
    EXPECT_FALSE(acts.withdraw);
    local.busy = true;  // an operator's
    decide();
    EXPECT_FALSE(acts.withdraw);
    local.order = memory.order = 3;
    local.outcome = GrantOutcome::good;
    decide();
    EXPECT_FALSE(acts.withdraw);
}

TEST_F(FleetMemberTest, WhoeverRolledBackHereIsNotFoughtUntilTheNextWish) {
    grant("w1", 1, 'b');
    decide();
    begin();
    end(GrantOutcome::good);
    decide();
    view.grant.reset();
    local.orders = 1;
    local.operator_did = "rolled back by ann";
    local.commit = commit('a');
    decide();
    ASSERT_TRUE(acts.report.refusal);
    EXPECT_EQ(*acts.report.refusal, (Refusal{1, "rolled back by ann"}));
    grant("w1", 1, 'd');
    declines("rolled back by ann");
    view.grant->commit = commit('c');
    view.grant->back = true;
    decide();
    EXPECT_TRUE(acts.deploy);
    wish("w2", 2, 'c');
    grant("w2", 2, 'c');
    decide();
    EXPECT_TRUE(acts.deploy);
    EXPECT_FALSE(acts.report.refusal);
}

TEST_F(FleetMemberTest, WhatOperatorsDidBeforeTheHostJoinedIsNoRefusal) {
    local.orders = 57;
    decide();
    EXPECT_FALSE(acts.report.refusal);
    EXPECT_EQ(memory.orders, 57U);
}

TEST_F(FleetMemberTest, PausedHereEveryWishIsRefused) {
    local.paused = true;
    grant("w1", 1, 'b');
    declines("the app is paused on this host");
    EXPECT_EQ(acts.report.refusal->up_to, kEveryWish);
}

TEST_F(FleetMemberTest, DataThatWentBackIsTold) {
    decide();
    view.revision = 60;
    decide();
    ASSERT_TRUE(acts.notice);
    EXPECT_NE(acts.notice->find("from revision 100 to 60"), std::string::npos);
    decide();
    EXPECT_FALSE(acts.notice);
    view.cluster = 8;
    view.revision = 900;
    decide();
    EXPECT_TRUE(acts.notice);
}

TEST_F(FleetMemberTest, AWishOfRestoredDataThatIsOlderIsNotFollowed) {
    wish("w5", 5, 'e');
    decide();
    view.revision = 60;
    wish("w3", 3, 'c');
    grant("w3", 3, 'c');
    declines("this host has seen a newer wish, number 5");
    EXPECT_EQ(acts.report.seen.number, 5);
    EXPECT_EQ(acts.report.seen.commit, commit('e'));
}

TEST_F(FleetMemberTest, WhatWasInQuarantineBeforeTheRestoreStaysSo) {
    view.quarantine = {commit('b'), commit('c')};
    decide();
    view.quarantine.clear();
    view.revision = 60;
    grant("w1", 1, 'b');
    decide();
    EXPECT_EQ(acts.report.outcome, GrantOutcome::declined);
    EXPECT_NE(acts.report.reason.find("before etcd's data went back"), std::string::npos);
    // In quarantine again and freed: then by someone.
    view.quarantine = {commit('c')};
    view.revision = 61;
    decide();
    view.quarantine.clear();
    wish("w2", 2, 'c');
    grant("w2", 2, 'c');
    decide();
    EXPECT_TRUE(acts.deploy);
    wish("w3", 3, 'b');
    grant("w3", 3, 'b');
    view.grant->force = true;
    decide();
    EXPECT_TRUE(acts.deploy);
    EXPECT_TRUE(memory.bad_before.empty());
}

TEST_F(FleetMemberTest, TheReportSaysWhatTheDaemonSays) {
    local.health = HostHealth::failing;
    local.state = "backoff";
    decide();
    EXPECT_EQ(acts.report.health, HostHealth::failing);
    EXPECT_EQ(acts.report.state, "backoff");
}

}  // namespace
}  // namespace lastgood::core
