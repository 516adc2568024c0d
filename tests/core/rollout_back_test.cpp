#include "core/rollout_fixture.h"

namespace lastgood::core {
namespace {

using Names = std::vector<std::string>;

TEST_F(RolloutTest, ARollbackOfWhatWasHaltedKeepsTheReasonOfItsQuarantine) {
    start_with('a', 3);
    push('b');
    settle();
    end("h1", GrantOutcome::bad, "it crashed");
    settle();
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('a'));
    EXPECT_EQ(keys().quarantine.at(commit('b')).value.reason, "it crashed");
    EXPECT_EQ(state(), RolloutState::done);  // everyone has it
}

TEST_F(RolloutTest, ARollbackGoesOnInAPause) {
    start_with('a', 3);
    roll_out('b');
    keys().paused = {FleetPause{"ann", {}}, 99, 99, 0};
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(granted(), (Names{"h1", "h2"}));
    EXPECT_TRUE(grant("h1")->back);
}

TEST_F(RolloutTest, HostsWithoutTheCommitThatIsLeftAreOfItsRolloutToo) {
    start_with('a', 2);
    roll_out('b');
    add_host("h8");
    add_host("h9", {}, commit('9'));
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    all_good();
    EXPECT_EQ(state(), RolloutState::done);
    EXPECT_EQ(told("h8").commit, commit('a'));
    EXPECT_EQ(told("h9").commit, commit('a'));
}

TEST_F(RolloutTest, AWayBackUnderWayIsReplacedByTheWave) {
    start_with('a', 3);
    roll_out('b');
    keys().quarantine[commit('c')] = {BadCommit{"it crashed", "h9", {}}, 95, 95, 0};
    add_host("h8", {}, commit('c'));
    push('d');
    settle();
    ASSERT_EQ(granted(), (Names{"h1", "h8"}));
    end("h1", GrantOutcome::good);
    settle();
    pass(settings.rollout.canary_soak);
    settle();
    EXPECT_EQ(grant("h8")->commit, commit('d'));
    EXPECT_EQ(rollout().wave.size(), 2U);
}

TEST_F(RolloutTest, AHostThatFailedIsNotAskedAgainThoughItWentBackSince) {
    settings.rollout.max_failures = 2;
    start_with('a', 3);
    told("h1").commit = commit('9');
    push('b');
    settle();
    end("h1", GrantOutcome::failed, "disk full");
    settle();
    keys().quarantine[commit('9')] = {BadCommit{"it crashed", "h9", {}}, 95, 95, 0};
    settle();
    ASSERT_EQ(grant("h1")->commit, commit('a'));
    end("h1", GrantOutcome::good);
    settle();
    all_good();
    pass(settings.rollout.canary_soak);
    settle();
    all_good();
    EXPECT_EQ(state(), RolloutState::done);
    pass(settings.rollout.catch_up_within);
    settle();
    EXPECT_EQ(grant("h1"), nullptr);
}

TEST_F(RolloutTest, ByForceThoughItIsFree) {
    start_with('a', 3);
    tip = 'b';
    propose("force", Trigger::cli, commit('b')).force = true;
    settle();
    EXPECT_TRUE(keys().wish->value.force);
    EXPECT_TRUE(grant("h1")->force);
}

TEST_F(RolloutTest, TheGoodOnesBeforeHoldNoneTwiceAndNoneInQuarantine) {
    start_with('a', 2);
    roll_out('b');
    propose("order", Trigger::cli, commit('a'));
    settle();
    all_good();
    pass(settings.rollout.canary_soak);
    settle();
    all_good();
    ASSERT_EQ(state(), RolloutState::done);
    EXPECT_EQ(keys().good->value.before, std::vector<CommitId>{commit('b')});
    keys().quarantine[commit('b')] = {BadCommit{"an operator said so", "", {}}, 95, 95, 0};
    roll_out('c');
    EXPECT_EQ(keys().good->value.before, std::vector<CommitId>{commit('a')});
}

TEST_F(RolloutTest, AHostThatIsStuckOnItAndDownDoesNotHaveIt) {
    settings.rollout.max_failures = 9;
    settings.rollout.canary = 0;
    add_hosts(2, 'a');
    push('b');
    settle();
    end("h1", GrantOutcome::bad, "it crashed, and there is nothing to go back to");
    told("h1").commit = commit('b');
    told("h1").health = HostHealth::down;
    end("h2", GrantOutcome::good);
    settle();
    EXPECT_EQ(state(), RolloutState::done);
    EXPECT_EQ(keys().history.rbegin()->second.value.reason, "1 hosts have it");
}

TEST_F(RolloutTest, AGrantWithoutItsHostIsLeftToItsLease) {
    start_with('a', 3);
    push('b');
    settle();
    put_grant("h99", Grant{"push-b", 1, commit('b'), false, false}, 99);
    settle();
    EXPECT_NE(grant("h99"), nullptr);
    EXPECT_TRUE(rollout().wave.contains(host_name("h99")));
    view.hosts[host_name("h98")] = {HostRecord{}, 9, 9, 98};  // without the app
    put_grant("h98", Grant{"push-b", 1, commit('b'), false, false}, 98);
    settle();
    EXPECT_EQ(grant("h98"), nullptr);
}

}  // namespace
}  // namespace lastgood::core
