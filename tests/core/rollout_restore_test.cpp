#include "core/rollout_fixture.h"

namespace lastgood::core {
namespace {

TEST_F(RolloutTest, WhileAHostIsAheadOfRestoredDataNobodyGetsAGrant) {
    start_with('a', 3);
    push('b');
    look();
    learn(memory, acts.questions.at(0), facts(acts.questions.at(0)));
    look();  // the wish, no grants yet
    keys().grants.clear();
    told("h2").seen = {4, "push-d", commit('d'), WallTime(now.time_since_epoch())};
    tip = 'd';
    settle();
    EXPECT_TRUE(granted().empty());
    ASSERT_EQ(acts.waits.count(app), 1U);
    EXPECT_EQ(acts.notices.size(), 1U);
    look();
    EXPECT_TRUE(acts.notices.empty());  // told once
    // What waited in the backup is history.
    propose("old", Trigger::webhook, commit('c'));
    propose("old-order", Trigger::cli, commit('b'));
    settle();
    EXPECT_EQ(decision("old"), "ignored");
    EXPECT_EQ(decision("old-order"), "ignored");
    // A late one is compared with what the host has seen.
    pass(Millis(1'000));
    propose("late", Trigger::webhook, commit('c'));
    settle();
    EXPECT_EQ(decision("late"), "stale");
    push('e');
    settle();
    EXPECT_EQ(keys().wish->value.number, 5);
    EXPECT_FALSE(granted().empty());
}

TEST_F(RolloutTest, TheSameNumberWithAnotherIdIsAheadToo) {
    start_with('a', 3);
    roll_out('b');
    told("h1").seen.id = "push-x";
    told("h1").seen.commit = commit('c');
    tip = 'c';
    told("h2").seen.number = 9;  // without a commit it says nothing
    told("h2").seen.commit.reset();
    told("h3").seen = {7, "push-y", commit('d'), {}};
    add_host("h4", {}, commit('b')).seen = {3, "push-z", commit('c'), {}};
    settle();
    EXPECT_EQ(acts.notices.size(), 1U);
    EXPECT_NE(acts.waits[app].find("newer than etcd's"), std::string::npos);
    pass(Millis(1'000));
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('b'));
    EXPECT_EQ(keys().wish->value.number, 10);
    EXPECT_TRUE(keys().quarantine.contains(commit('d')));
}

TEST_F(RolloutTest, AHostAheadOfAnEmptyStoreHoldsIt) {
    add_hosts(2, 'c');
    told("h1").seen = {4, "push-c", commit('c'), WallTime(now.time_since_epoch())};
    tip = 'c';
    push('b');
    pass(Millis(1));
    propose("late", Trigger::webhook, commit('b')).at = WallTime(now.time_since_epoch());
    settle();
    EXPECT_EQ(decision("push-b"), "ignored");
    EXPECT_EQ(decision("late"), "stale");
    EXPECT_FALSE(keys().wish);
}

TEST_F(RolloutTest, AnOrderForTheOlderCommitDecidesARestore) {
    start_with('a', 3);
    push('b');
    settle();
    told("h2").seen = {4, "push-d", commit('d'), WallTime(now.time_since_epoch())};
    tip = 'd';
    settle();
    pass(Millis(1'000));
    propose("order", Trigger::cli, commit('b'));
    settle();
    EXPECT_EQ(keys().wish->value.id, "order");
    EXPECT_EQ(keys().wish->value.number, 5);
}

TEST_F(RolloutTest, AfterARestoreANewerPushWaitsForNoWave) {
    start_with('a', 3);
    push('b');
    settle();
    ASSERT_FALSE(rollout().wave.empty());
    told("h2").seen = {4, "push-d", commit('d'), WallTime(now.time_since_epoch())};
    settle();
    pass(Millis(1'000));
    push('e');
    settle();
    EXPECT_EQ(keys().wish->value.id, "push-e");
}

}  // namespace
}  // namespace lastgood::core
