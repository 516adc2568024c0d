#include "core/rollout_fixture.h"

namespace lastgood::core {
namespace {

using Names = std::vector<std::string>;

TEST_F(RolloutTest, OneHostThatProvesItBadHaltsTheFleetAndQuarantinesTheCommit) {
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::bad, "it crashed 3 times");
    look();
    ASSERT_EQ(acts.transactions.size(), 1U);
    EXPECT_EQ(acts.transactions[0].notices.back().kind, FleetNews::halted);
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_EQ(rollout().reason, "1 of 4 hosts failed; h1: it crashed 3 times");
    const BadCommit& bad = keys().quarantine.at(commit('b')).value;
    EXPECT_EQ(bad.reason, "it crashed 3 times");
    EXPECT_EQ(bad.host, "h1");
    EXPECT_EQ(decision("push-b"), "halted");
    EXPECT_TRUE(granted().empty());
}

TEST_F(RolloutTest, ABuildThatFailsHaltsAndProvesNothing) {
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::failed, "build failed");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_TRUE(keys().quarantine.empty());
    // It may be tried again, but not by the poller.
    propose("polled", Trigger::poll, commit('b'));
    settle();
    EXPECT_EQ(decision("polled"), "ignored");
    propose("again", Trigger::webhook, commit('b'));
    settle();
    EXPECT_EQ(keys().wish->value.id, "again");
    EXPECT_FALSE(granted().empty());
}

TEST_F(RolloutTest, ATipThatHaltedIsTriedAgainByAnOrder) {
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::failed, "build failed");
    settle();
    propose("tip", Trigger::cli, std::nullopt);
    settle();
    EXPECT_EQ(keys().wish->value.id, "tip");
    EXPECT_EQ(keys().wish->value.commit, commit('b'));
}

TEST_F(RolloutTest, SoManyFailuresAsAreAllowedAreReplaced) {
    settings.rollout.max_failures = 2;
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::failed, "disk full");
    settle();
    EXPECT_EQ(granted(), Names{"h2"});
    end("h2", GrantOutcome::declined, "the app is paused on this host");
    settle();
    EXPECT_EQ(granted(), Names{"h3"});
    end("h3", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_EQ(keys().quarantine.at(commit('b')).value.host, "h3");
}

TEST_F(RolloutTest, AFailureIsRememberedThoughItsHostGoes) {
    settings.rollout.max_failures = 2;
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::bad, "it crashed");
    settle();
    host_goes("h1");
    settle();
    end("h2", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_EQ(rollout().failures.size(), 2U);
}

TEST_F(RolloutTest, AsManyDownAsMayBeUnavailableHaltsItToo) {
    settings.rollout.max_failures = 9;
    settings.rollout.max_unavailable = {1, {}};
    add_hosts(3, 'a');
    push('b');
    settle();
    end("h1", GrantOutcome::bad, "it crashed, and there is nothing to go back to");
    told("h1").health = HostHealth::down;
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
}

TEST_F(RolloutTest, TheNamesOfManyFailuresAreBounded) {
    settings.rollout.canary = 0;
    settings.rollout.max_failures = 6;
    settings.rollout.max_unavailable = {8, {}};
    start_with('a', 8);
    push('b');
    settle();
    for (const auto& name : granted()) end(name, GrantOutcome::failed, "disk full");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_EQ(rollout().reason.substr(0, 21), "8 of 8 hosts failed; ");
    EXPECT_EQ(rollout().reason.substr(rollout().reason.size() - 4), " …");
}

TEST_F(RolloutTest, MoreFailuresThanOneTransactionTakesAreBounded) {
    settings.rollout.canary = 0;
    settings.rollout.max_failures = 1000;
    settings.rollout.max_unavailable = {0, 100};
    start_with('a', 60);
    push('b');
    settle();
    for (const auto& name : granted()) end(name, GrantOutcome::failed, "disk full");
    settle();
    EXPECT_EQ(rollout().failures.size(), limits::kFleetGrantsAtOnce);
    EXPECT_TRUE(granted().empty());
}

TEST_F(RolloutTest, ACanaryThatFailsAfterItsProbationIsAProof) {
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::good);
    settle();
    told("h1").health = HostHealth::failing;
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_TRUE(keys().quarantine.contains(commit('b')));
    EXPECT_EQ(granted(), Names{"h1"});
    EXPECT_EQ(*grant("h1"), (Grant{"push-b", 1, commit('a'), true, false}));
}

TEST_F(RolloutTest, HostsGoBackBeforeAllOthersAndInTheSameBound) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {2, {}};
    start_with('a', 6);
    push('b');
    settle();
    end("h1", GrantOutcome::good);
    end("h2", GrantOutcome::good);
    settle();
    end("h3", GrantOutcome::good);
    end("h4", GrantOutcome::bad, "it crashed");
    add_host("h0", {}, commit('9'));  // returns, and is behind
    pass(settings.rollout.catch_up_within);
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    pass(settings.rollout.catch_up_within);
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h2"}));
    EXPECT_TRUE(grant("h1")->back);
    all_good();
    EXPECT_EQ(told("h3").commit, commit('a'));
    EXPECT_EQ(told("h0").commit, commit('a'));
}

TEST_F(RolloutTest, OnHaltHoldLeavesHostsWhereTheyAre) {
    settings.rollout.canary = 0;
    settings.rollout.on_halt = OnHalt::hold;
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::good);
    end("h2", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_TRUE(granted().empty());
    EXPECT_EQ(told("h1").commit, commit('b'));
}

TEST_F(RolloutTest, WithNothingGoodHaltedHostsStay) {
    settings.rollout.canary = 0;
    add_hosts(3, 'a');
    push('b');
    settle();
    end("h1", GrantOutcome::good);
    end("h2", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_TRUE(granted().empty());
    push('c');
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('c'));
    EXPECT_EQ(keys().wish->value.previous, std::nullopt);
}

TEST_F(RolloutTest, WhatEndsBadlyAfterTheHaltIsQuarantinedToo) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {3, {}};
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::failed, "build failed");
    settle();
    EXPECT_TRUE(keys().quarantine.empty());
    end("h2", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(keys().quarantine.at(commit('b')).value.host, "h2");
    end("h3", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(keys().quarantine.at(commit('b')).value.host, "h2");
}

TEST_F(RolloutTest, TwoProofsAtOnceMakeOneQuarantine) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {3, {}};
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::failed, "build failed");
    settle();
    end("h2", GrantOutcome::bad, "it crashed");
    end("h3", GrantOutcome::bad, "it crashed");
    look();
    ASSERT_EQ(acts.transactions.size(), 1U);
    const auto& puts = acts.transactions[0].puts;
    EXPECT_EQ(std::count_if(
                  puts.begin(), puts.end(),
                  [&](const KeyPut& put) { return put.key == quarantine_key(app, commit('b')); }),
              1);
}

TEST_F(RolloutTest, AProofOfASupersededWishQuarantinesItsCommitButNeverAGoodOne) {
    settings.rollout.canary = 0;
    start_with('a', 4);
    push('b');
    settle();
    propose("order", Trigger::cli, commit('a'));
    settle();
    ASSERT_EQ(keys().wish->value.id, "order");
    end("h1", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_TRUE(keys().quarantine.contains(commit('b')));
    // One host can't take away what is good everywhere.
    all_good();
    push('c');
    settle();
    propose("order-2", Trigger::cli, commit('a'));
    settle();
    all_good();
    ASSERT_EQ(state(), RolloutState::done);
    keys().good->value = FleetGood{commit('d'), {}, {commit('c')}};
    put_grant("h4", Grant{"push-c", 3, commit('c'), false, false}, 4);
    end("h4", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_FALSE(keys().quarantine.contains(commit('c')));
    keys().good.reset();
    put_grant("h4", Grant{"push-c", 3, commit('c'), false, false}, 4);
    settle();
    EXPECT_TRUE(keys().quarantine.contains(commit('c')));
}

TEST_F(RolloutTest, AHaltNeverQuarantinesWhatIsGoodElsewhere) {
    start_with('a', 3);
    roll_out('b');
    add_host("h9", {}, commit('9'));
    propose("order", Trigger::cli, commit('a'));
    settle();
    end("h1", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_FALSE(keys().quarantine.contains(commit('a')));
}

TEST_F(RolloutTest, AWishThatComesIntoQuarantineIsHalted) {
    start_with('a', 4);
    push('b');
    settle();
    keys().quarantine[commit('b')] = {BadCommit{"an operator said so", "", {}}, 95, 95, 0};
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_EQ(rollout().reason, "it is in quarantine: an operator said so");
    EXPECT_EQ(keys().quarantine.at(commit('b')).modified, 95);
}

TEST_F(RolloutTest, AGoodOneInQuarantineIsNowhereToGo) {
    start_with('a', 2);
    roll_out('b');
    keys().quarantine[commit('b')] = {BadCommit{"an operator said so", "", {}}, 95, 95, 0};
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h2"}));
    EXPECT_EQ(grant("h1")->commit, commit('a'));
    keys().quarantine[commit('a')] = {BadCommit{"an operator said so", "", {}}, 95, 95, 0};
    keys().grants.clear();
    settle();
    EXPECT_TRUE(granted().empty());
}

TEST_F(RolloutTest, AHostThatFailsTheWayBackIsToldAndTheOthersGoOn) {
    start_with('a', 3);
    roll_out('b');
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    end("h1", GrantOutcome::bad, "it crashed");
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
    EXPECT_FALSE(keys().quarantine.contains(commit('a')));
    all_good();
    EXPECT_EQ(state(), RolloutState::done);
}

TEST_F(RolloutTest, AHostThatVanishesWithAGrantKeepsItsPlaceForAWhile) {
    settings.rollout.canary = 0;
    start_with('a', 5);
    push('b');
    settle();
    ASSERT_EQ(granted(), (Names{"h1", "h2"}));
    host_goes("h1");
    settle();
    EXPECT_EQ(granted(), Names{"h2"});
    EXPECT_EQ(acts.again, now + settings.rollout.lost_hold);
    pass(settings.rollout.lost_hold - Millis(1));
    settle();
    EXPECT_EQ(granted(), Names{"h2"});
    pass(Millis(1));
    settle();
    EXPECT_EQ(granted(), (Names{"h2", "h3"}));
    EXPECT_EQ(rollout().lost, std::set<HostName>{host_name("h1")});
    add_host("h1", {}, commit('b'));
    settle();
    EXPECT_TRUE(rollout().lost.empty());
}

TEST_F(RolloutTest, AHostThatIsBackWithAnotherLeaseIsInTheWaveWhileItIsBusy) {
    settings.rollout.canary = 0;
    start_with('a', 5);
    push('b');
    settle();
    host_goes("h1");
    add_host("h1", {}, commit('a')).busy = true;
    settle();
    EXPECT_EQ(granted(), Names{"h2"});
    told("h1").busy = false;
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h2"}));
}

TEST_F(RolloutTest, MoreLostAndFailedThanAllowedStopNewGrantsUntilTheyAreBack) {
    settings.rollout.canary = 0;
    settings.rollout.max_failures = 1;
    start_with('a', 6);
    push('b');
    settle();
    host_goes("h1");
    host_goes("h2");
    settle();
    pass(settings.rollout.lost_hold);
    settle();
    EXPECT_TRUE(granted().empty());
    EXPECT_NE(acts.waits[app].find("2 hosts (h1 …) vanished"), std::string::npos);
    add_host("h1", {}, commit('a'));
    settle();
    EXPECT_EQ(granted().size(), 2U);  // one may be gone by itself
    host_goes("h1");
    host_goes("h3");
    settle();
    pass(settings.rollout.lost_hold);
    settle();
    ASSERT_TRUE(granted().empty());
    propose("again", Trigger::cli, commit('b'));
    settle();
    EXPECT_EQ(decision("again"), "wish");
    EXPECT_EQ(granted().size(), 2U);
}

}  // namespace
}  // namespace lastgood::core
