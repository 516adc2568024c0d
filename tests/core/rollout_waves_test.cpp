#include "core/rollout_fixture.h"

namespace lastgood::core {
namespace {

using Names = std::vector<std::string>;

TEST(HostBound, IsAtLeastOneAndRoundedDown) {
    EXPECT_EQ(hosts_within({3, {}}, 100), 3);
    EXPECT_EQ(hosts_within({0, {}}, 100), 1);
    EXPECT_EQ(hosts_within({0, 10}, 100), 10);
    EXPECT_EQ(hosts_within({0, 10}, 19), 1);
    EXPECT_EQ(hosts_within({0, 10}, 3), 1);
    EXPECT_EQ(hosts_within({0, 100}, 3), 3);
}

TEST_F(RolloutTest, EachTransactionComparesEpochRolloutAndWish) {
    start_with('a', 3);
    roll_out('b');
    push('c');
    const auto of_wish = keys().wish->modified;
    const auto of_rollout = keys().rollout->modified;
    look();
    learn(memory, acts.questions.at(0), facts(acts.questions.at(0)));
    acts = decide(view, settings, memory, mine, now, WallTime{});
    ASSERT_EQ(acts.transactions.size(), 1U);
    const auto& transaction = acts.transactions[0];
    const auto has = [&](KeyComparison::Of of, const std::string& key, Revision equals) {
        return std::any_of(transaction.only_if.begin(), transaction.only_if.end(),
                           [&](const KeyComparison& one) {
                               return one.of == of && one.key == key && one.equals == equals;
                           });
    };
    EXPECT_TRUE(has(KeyComparison::Of::created, "election/controller", 50));
    EXPECT_TRUE(has(KeyComparison::Of::modified, rollout_key(app), of_rollout));
    EXPECT_TRUE(has(KeyComparison::Of::modified, wish_key(app), of_wish));
    apply(transaction);
    EXPECT_EQ(rollout().transaction, transaction.id);
    EXPECT_EQ(rollout().epoch, 50);
}

TEST_F(RolloutTest, AControllerWhoseLeaseMayHaveRunOutStepsDown) {
    start_with('a', 3);
    push('b');
    mine.held_until = now;
    look();
    EXPECT_TRUE(acts.step_down);
    EXPECT_TRUE(acts.questions.empty());
}

TEST_F(RolloutTest, AnAppThatTheControllersConfigHasNotIsLeftAlone) {
    start_with('a', 3);
    push('b');
    settings.apps.clear();
    look();
    EXPECT_TRUE(acts.questions.empty());
    EXPECT_EQ(acts.waits[app], "the controller's config has no app web");
    view.apps.clear();
    look();
    EXPECT_TRUE(memory.apps.empty());
}

TEST_F(RolloutTest, AGrantIsBoundToTheHostsLeaseAndToItsRecord) {
    start_with('a', 3);
    push('b');
    settle();
    const auto& kept = keys().grants.at(host_name("h1"));
    EXPECT_EQ(kept.lease, view.hosts.at(host_name("h1")).lease);
    EXPECT_EQ(kept.value, (Grant{"push-b", 1, commit('b'), false, false}));
}

TEST_F(RolloutTest, AtMostSoManyAreAwayAtOnce) {
    settings.rollout.canary = 0;
    start_with('a', 5);
    push('b');
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h2"}));
    end("h2", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h3"}));
    told("h5").busy = true;  // by its operator
    end("h3", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), Names{"h1"});
    told("h5").busy = false;
    told("h4").health = HostHealth::down;  // it costs nothing more
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h4"}));
}

TEST_F(RolloutTest, HostsThatAreDownAndHaveHadTheirTryTakePlaces) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {1, {}};
    start_with('a', 3);
    told("h3").health = HostHealth::down;
    told("h3").refusal = Refusal{kEveryWish, "paused"};
    push('b');
    settle();
    EXPECT_TRUE(granted().empty());
    EXPECT_EQ(acts.waits[app], "as many hosts are down or busy already as may be unavailable");
}

TEST_F(RolloutTest, OneZoneAtATime) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {3, {}};
    add_host("h1", "b", commit('a'));
    add_host("h2", "a", commit('a'));
    add_host("h3", "a", commit('a'));
    add_host("h4", "b", commit('a'));
    add_host("h5", "a", commit('a'));
    push('b');
    settle();
    EXPECT_EQ(granted(), (Names{"h2", "h3", "h5"}));
    end("h2", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), (Names{"h3", "h5"}));
    end("h3", GrantOutcome::good);
    end("h5", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h4"}));
}

TEST_F(RolloutTest, AZoneThatIsBegunIsEndedFirstAndOneWithAHostThatIsDownComesBeforeAll) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {1, {}};
    add_host("h1", "a", commit('a'));
    add_host("h2", "b", commit('b'));
    add_host("h3", "b", commit('a'));
    add_host("h4", "c", commit('a'));
    push('b');
    settle();
    EXPECT_EQ(granted(), Names{"h3"});
    told("h4").health = HostHealth::down;
    end("h3", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), Names{"h4"});
}

TEST_F(RolloutTest, AWaveStaysInItsZoneThoughAnOlderWishsGrantIsOutInAnother) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {3, {}};
    for (const char* name : {"h1", "h4"}) add_host(name, "b", commit('a'));
    for (const char* name : {"h2", "h3", "h5", "h6"}) add_host(name, "a", commit('a'));
    push('b');
    settle();
    ASSERT_EQ(granted(), (Names{"h2", "h3", "h5"}));
    put_grant("h1", Grant{"older", 0, commit('a'), false, false}, leases);
    end("h2", GrantOutcome::good);
    end("h3", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h5", "h6"}));
    EXPECT_EQ(grant("h1")->wish, "older");
}

TEST_F(RolloutTest, LargeWavesAreGivenInTransactionsThatEtcdTakes) {
    settings.rollout.canary = 0;
    settings.rollout.max_unavailable = {0, 100};
    start_with('a', 120);
    push('b');
    settle();
    EXPECT_EQ(granted().size(), 120U);
    for (const auto& name : granted()) end(name, GrantOutcome::good);
    settle();
    EXPECT_TRUE(granted().empty());
    EXPECT_EQ(state(), RolloutState::done);
}

TEST_F(RolloutTest, InAPauseNoForwardGrantIsGiven) {
    start_with('a', 3);
    keys().paused = {FleetPause{"ann", {}}, 99, 99, 0};
    push('b');
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('b'));
    EXPECT_TRUE(granted().empty());
    EXPECT_EQ(acts.waits[app], "paused by ann");
    keys().paused.reset();
    look();
    ASSERT_EQ(acts.transactions.size(), 1U);
    const auto& compared = acts.transactions[0].only_if;
    EXPECT_TRUE(std::any_of(compared.begin(), compared.end(), [&](const KeyComparison& one) {
        return one.key == paused_key(app) && one.equals == 0;
    }));
}

TEST_F(RolloutTest, AwayFromACommitInQuarantineAlsoInAPauseAndBesideACanary) {
    start_with('a', 3);
    roll_out('b');
    keys().quarantine[commit('c')] = {BadCommit{"it crashed", "h9", {}}, 95, 95, 0};
    add_host("h8", {}, commit('c'));
    tip = 'd';
    push('d');
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h8"}));
    EXPECT_EQ(*grant("h8"), (Grant{"push-d", 2, commit('b'), true, false}));
    all_good();
    pass(settings.rollout.canary_soak);
    keys().paused = {FleetPause{"ann", {}}, 99, 99, 0};
    add_host("h9", {}, commit('c'));
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
    EXPECT_EQ(granted(), Names{"h9"});
    EXPECT_TRUE(grant("h9")->back);
    EXPECT_EQ(grant("h9")->commit, commit('b'));
}

TEST_F(RolloutTest, ItIsGoodWhenEveryoneHasItHadItsTryOrRefuses) {
    settings.rollout.max_failures = 2;
    start_with('a', 4);
    push('b');
    settle();
    all_good();
    pass(settings.rollout.canary_soak);
    told("h4").refusal = Refusal{1, "left by its operator"};
    told("h3").refusal = Refusal{0, "of an earlier wish"};
    settle();
    ASSERT_EQ(granted(), (Names{"h2", "h3"}));
    end("h2", GrantOutcome::failed, "build failed");
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
    end("h3", GrantOutcome::good);
    settle();
    EXPECT_EQ(state(), RolloutState::done);
    EXPECT_EQ(keys().good->value.commit, commit('b'));
    EXPECT_EQ(keys().good->value.before, std::vector<CommitId>{commit('a')});
    EXPECT_EQ(decision("push-b"), "done");
    settle();  // nobody is asked again
    EXPECT_TRUE(granted().empty());
}

TEST_F(RolloutTest, WhatBecameGoodJustNowIsWhatOthersCatchUpTo) {
    settings.rollout.catch_up_within = Millis(0);
    start_with('a', 3);
    roll_out('b');
    settle();
    EXPECT_TRUE(granted().empty());
    EXPECT_EQ(told("h1").commit, commit('b'));
}

TEST_F(RolloutTest, WhatIsGoodAgainStaysWhereItWas) {
    start_with('a', 2);
    roll_out('b');
    const auto good = keys().good->value;
    keys().wish.reset();  // lost
    keys().rollout.reset();
    propose("again", Trigger::webhook, commit('b'));
    settle();
    pass(settings.rollout.canary_soak);
    settle();
    EXPECT_EQ(state(), RolloutState::done);
    EXPECT_EQ(keys().good->value, good);
}

TEST_F(RolloutTest, TheGoodOnesBeforeAreBounded) {
    add_hosts(1, 'a');
    keys().good = {FleetGood{commit('a'), {}, {}}, 90, 90, 0};
    for (std::size_t i = 0; i < limits::kFleetGoodMax; ++i) {
        keys().good->value.before.push_back(commit("123456789f"[i]));
    }
    roll_out('b');
    EXPECT_EQ(keys().good->value.before.size(), limits::kFleetGoodMax);
    EXPECT_EQ(keys().good->value.before.front(), commit('a'));
}

TEST_F(RolloutTest, AHostThatReturnsCatchesUpAfterAMomentOfItsOwn) {
    start_with('a', 2);
    roll_out('b');
    for (int i = 10; i < 40; ++i) add_host("r" + std::to_string(i), {}, commit('a'));
    settle();
    const auto at_once = granted().size();
    EXPECT_LT(at_once, 2U);
    ASSERT_TRUE(acts.again);
    EXPECT_LE(*acts.again, now + settings.rollout.catch_up_within);
    pass(settings.rollout.catch_up_within);
    settle();
    EXPECT_EQ(granted().size(), 2U);  // bounded as any wave
    EXPECT_FALSE(grant(granted()[0])->back);
    all_good();
    EXPECT_TRUE(std::all_of(keys().hosts.begin(), keys().hosts.end(), [&](const auto& host) {
        return host.second.value.commit == commit('b');
    }));
}

TEST_F(RolloutTest, AHostThatFailsToCatchUpIsToldAndChangesNothingForOthers) {
    start_with('a', 2);
    roll_out('b');
    add_host("h9", {}, commit('a'));
    pass(settings.rollout.catch_up_within);
    settle();
    pass(settings.rollout.catch_up_within);
    settle();
    end("h9", GrantOutcome::bad, "it crashed");
    look();
    ASSERT_EQ(acts.transactions.size(), 1U);
    EXPECT_EQ(acts.transactions[0].notices.at(0).kind, FleetNews::host_failed);
    settle();
    EXPECT_EQ(state(), RolloutState::done);
    EXPECT_TRUE(keys().quarantine.empty());
    EXPECT_TRUE(granted().empty());
}

TEST_F(RolloutTest, ARolloutKeyThatIsGoneIsMadeAgain) {
    start_with('a', 3);
    push('b');
    settle();
    keys().rollout.reset();
    settle();
    EXPECT_EQ(state(), RolloutState::canary);
    EXPECT_EQ(rollout().wave, std::set<HostName>{host_name("h1")});
    settings.rollout.canary = 0;
    keys().rollout.reset();
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    keys().rollout->value.wish = "another";
    settle();
    EXPECT_EQ(rollout().wish, "back");
}

TEST_F(RolloutTest, AGrantOfAHostThatHasTheAppNoMoreGoes) {
    start_with('a', 3);
    push('b');
    settle();
    keys().hosts.erase(host_name("h1"));
    settle();
    EXPECT_EQ(granted(), Names{"h2"});  // the next canary
}

TEST_F(RolloutTest, AHostWithoutARecordIsNone) {
    start_with('a', 3);
    view.hosts.erase(host_name("h1"));
    push('b');
    settle();
    EXPECT_EQ(granted(), Names{"h2"});
}

}  // namespace
}  // namespace lastgood::core
