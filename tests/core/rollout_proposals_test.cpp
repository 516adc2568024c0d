#include "core/rollout_fixture.h"

namespace lastgood::core {
namespace {

using Names = std::vector<std::string>;

TEST_F(RolloutTest, AProposalBecomesTheWishAfterTheMirrorWasAsked) {
    start_with('a', 3);
    push('b');
    look();
    EXPECT_TRUE(acts.transactions.empty());
    ASSERT_EQ(acts.questions.size(), 1U);
    const auto question = acts.questions[0];
    EXPECT_EQ(question.live, std::nullopt);
    look();  // it is being answered
    EXPECT_TRUE(acts.questions.empty());
    learn(memory, question, facts(question));
    settle();
    learn(memory, {app, {}, {}}, {});  // of another question: late, and nothing to it
    ASSERT_TRUE(keys().wish);
    const Wish& wish = keys().wish->value;
    EXPECT_EQ(wish.commit, commit('b'));
    EXPECT_EQ(wish.number, 1);
    EXPECT_EQ(wish.previous, commit('a'));
    EXPECT_TRUE(keys().proposals.empty());
    EXPECT_EQ(decision("push-b"), "wish");
}

TEST_F(RolloutTest, AWishWithoutANameIsToldByWhatItCameFrom) {
    start_with('a', 3);
    tip = 'b';
    propose("push-b", Trigger::webhook, commit('b')).by.clear();
    look();
    learn(memory, acts.questions.at(0), facts(acts.questions.at(0)));
    look();
    EXPECT_EQ(acts.transactions.at(0).notices.at(0).text,
              "commit " + commit('b').short_hex() + " is the fleet's wish 1, by webhook");
}

TEST_F(RolloutTest, AnAnswerThatFailsIsAskedForAgain) {
    start_with('a', 3);
    push('b');
    look();
    const auto question = acts.questions.at(0);
    learn_nothing(memory, question, now);
    learn_nothing(memory, {app, {}, commit('c')}, now);
    look();
    EXPECT_TRUE(acts.questions.empty());
    EXPECT_EQ(acts.again, now + limits::kFleetAskAgain);
    pass(limits::kFleetAskAgain);
    look();
    EXPECT_EQ(acts.questions.size(), 1U);
}

TEST_F(RolloutTest, OfDeliveriesOutOfOrderTheNewestCommitIsTheWish) {
    start_with('a', 3);
    push('c');
    push('b');
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('c'));
    EXPECT_EQ(decision("push-b"), "superseded");
    EXPECT_EQ(decision("push-c"), "wish");
}

TEST_F(RolloutTest, ALateDeliveryIsStale) {
    start_with('a', 3);
    roll_out('c');
    propose("late", Trigger::webhook, commit('b'));
    settle();
    EXPECT_EQ(decision("late"), "stale");
    EXPECT_EQ(keys().wish->value.commit, commit('c'));
}

TEST_F(RolloutTest, ADeliveryThatWasDecidedIsADuplicate) {
    start_with('a', 3);
    roll_out('b');
    push('b');
    settle();
    EXPECT_EQ(keys().history.rbegin()->second.value.decision, "duplicate");
    keys().history.clear();  // so long ago that only the wish remembers
    push('b');
    settle();
    EXPECT_EQ(keys().history.rbegin()->second.value.decision, "duplicate");
}

TEST_F(RolloutTest, WhatIsTheWishAlreadyIsIgnored) {
    start_with('a', 3);
    roll_out('b');
    propose("again", Trigger::webhook, commit('b'));
    settle();
    EXPECT_EQ(decision("again"), "ignored");
    propose("tip", Trigger::poll, std::nullopt);
    settle();
    EXPECT_EQ(decision("tip"), "ignored");
    propose("by-hand", Trigger::cli, commit('b'));
    settle();
    EXPECT_EQ(decision("by-hand"), "ignored");
}

TEST_F(RolloutTest, ACommitInQuarantineIsRefusedUnlessByForce) {
    start_with('a', 3);
    tip = 'b';
    keys().quarantine[commit('b')] = {BadCommit{"it crashed", "h1", {}}, 95, 95, 0};
    push('b');
    settle();
    EXPECT_EQ(decision("push-b"), "refused");
    propose("tip", Trigger::cli, std::nullopt);  // known only after a look
    settle();
    EXPECT_EQ(decision("tip"), "refused");
    propose("force", Trigger::cli, commit('b')).force = true;
    settle();
    EXPECT_EQ(decision("force"), "wish");
    EXPECT_TRUE(keys().quarantine.empty());
    ASSERT_FALSE(granted().empty());
    EXPECT_TRUE(grant(granted()[0])->force);
}

TEST_F(RolloutTest, ACommitThatIsNotThereYetIsWaitedFor) {
    start_with('a', 3);
    absent = commit('b');
    push('b');
    look();
    learn(memory, acts.questions.at(0), facts(acts.questions.at(0)));
    look();
    EXPECT_TRUE(acts.transactions.empty());
    EXPECT_NE(acts.waits[app].find("is not in the repository yet"), std::string::npos);
    const Instant since = now;
    while (now - since < limits::kCommitAppearsWithin) {
        pass(limits::kFleetAskAgain);
        settle();
    }
    EXPECT_EQ(decision("push-b"), "refused");
    absent.reset();
    propose("later", Trigger::webhook, commit('b'));
    settle();
    EXPECT_EQ(decision("later"), "wish");
}

TEST_F(RolloutTest, WhatTheAppsRulesIgnoreIsIgnored) {
    start_with('a', 3);
    roll_out('b');
    push('c');
    look();
    auto answer = facts(acts.questions.at(0));
    answer.standings[0].skip_asked = true;
    learn(memory, acts.questions.at(0), answer);
    settle();
    EXPECT_EQ(decision("push-c"), "ignored");
    propose("elsewhere", Trigger::cli, commit('e'));
    settle();
    EXPECT_EQ(decision("elsewhere"), "refused");
}

TEST_F(RolloutTest, AnOrderSupersedesWhatCameBeforeIt) {
    start_with('a', 3);
    push('b');
    push('c');
    propose("order", Trigger::cli, commit('a'));
    settle();
    EXPECT_EQ(decision("push-b"), "superseded");
    EXPECT_EQ(decision("push-c"), "superseded");
    EXPECT_EQ(keys().wish->value.commit, commit('a'));
}

TEST_F(RolloutTest, WhatCameAfterAnOrderHasItsTurnThen) {
    start_with('a', 3);
    tip = 'b';
    propose("order", Trigger::cli, std::nullopt);
    push('c');
    look();
    ASSERT_EQ(acts.questions.size(), 1U);
    EXPECT_EQ(acts.questions[0].request.trigger, Trigger::cli);
    tip = 'b';
    learn(memory, acts.questions[0], facts(acts.questions[0]));
    settle();
    EXPECT_EQ(decision("order"), "wish");
}

TEST_F(RolloutTest, AFloodOfProposalsIsDecidedInSeveralTransactions) {
    start_with('a', 3);
    for (int i = 0; i < 70; ++i) {
        propose("flood-" + std::to_string(i), Trigger::webhook, commit('b'));
    }
    push('c');
    settle();
    EXPECT_TRUE(keys().proposals.empty());
    EXPECT_EQ(keys().wish->value.commit, commit('c'));
    for (int i = 0; i < 70; ++i) {
        propose("again-" + std::to_string(i), Trigger::webhook, commit('c'));
    }
    settle();
    EXPECT_TRUE(keys().proposals.empty());
    for (int i = 0; i < 70; ++i) {
        propose("order-" + std::to_string(i), Trigger::cli, commit('b'));
    }
    settle();
    EXPECT_TRUE(keys().proposals.empty());
    EXPECT_EQ(keys().wish->value.id, "order-69");
    EXPECT_EQ(keys().history.size(), limits::kFleetHistoryMax);
}

TEST_F(RolloutTest, AnEntryThatGoesIsNotWrittenAgain) {
    start_with('a', 3);
    push('b');
    settle();
    for (std::size_t i = 1; i < limits::kFleetHistoryMax; ++i) {
        propose("same-" + std::to_string(i), Trigger::webhook, commit('b'));
    }
    settle();
    ASSERT_EQ(keys().history.at(1).value.id, "push-b");
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_FALSE(keys().history.contains(1));
}

TEST_F(RolloutTest, APushWaitsForTheWave) {
    start_with('a', 4);
    push('b');
    settle();
    ASSERT_EQ(granted(), Names{"h1"});
    push('c');
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('b'));
    EXPECT_EQ(acts.waits[app], "a newer wish waits for the wave under way");
    end("h1", GrantOutcome::good);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('c'));
    EXPECT_EQ(decision("push-b"), "superseded");
}

TEST_F(RolloutTest, APushWaitsForAWaveWithPatienceOnly) {
    start_with('a', 4);
    push('b');
    settle();
    push('c');
    settle();
    pass(limits::kFleetWavePatience);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('c'));
    // What h1 has begun counts, until it is told to begin the newer one.
    EXPECT_EQ(rollout().wave.size(), 1U);
    EXPECT_EQ(grant("h1")->commit, commit('c'));
}

TEST_F(RolloutTest, NoNewGrantsAreGivenForAWishThatIsAboutToGo) {
    settings.rollout.canary = 0;
    start_with('a', 4);
    push('b');
    settle();
    ASSERT_EQ(granted(), (Names{"h1", "h2"}));
    push('c');
    settle();
    end("h1", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), Names{"h2"});
    end("h2", GrantOutcome::good);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('c'));
    EXPECT_EQ(granted().size(), 2U);
}

TEST_F(RolloutTest, AnOrderTakesAWaveAtOnce) {
    start_with('a', 4);
    push('b');
    settle();
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('a'));
    EXPECT_EQ(decision("push-b"), "superseded");
    EXPECT_TRUE(keys().quarantine.contains(commit('b')));
}

TEST_F(RolloutTest, ARollbackGoesToTheGoodOneBeforeAndLeavesItsCommitInQuarantine) {
    start_with('a', 3);
    roll_out('b');
    roll_out('c');
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('b'));
    EXPECT_EQ(keys().quarantine.at(commit('c')).value.reason, "rolled back by ann");
    EXPECT_EQ(keys().good->value.commit, commit('b'));
    EXPECT_EQ(keys().good->value.before, std::vector<CommitId>{commit('a')});
    EXPECT_EQ(state(), RolloutState::waves);  // no canary for what was good
    EXPECT_TRUE(grant("h1")->back);
    all_good();
    EXPECT_EQ(state(), RolloutState::done);
    propose("further", Trigger::rollback, commit('a'));
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('a'));
    EXPECT_TRUE(keys().good->value.before.empty());
}

TEST_F(RolloutTest, ARollbackIsRefusedWithItsReason) {
    add_hosts(2, 'a');
    propose("r1", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(decision("r1"), "refused");  // nothing was rolled out
    roll_out('b');
    propose("r2", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(decision("r2"), "refused");  // nothing before it
    propose("r3", Trigger::rollback, commit('c'));
    settle();
    EXPECT_EQ(decision("r3"), "refused");  // was never good
    propose("r4", Trigger::rollback, commit('b'));
    settle();
    EXPECT_EQ(decision("r4"), "ignored");  // is the wish
    keys().good.reset();
    propose("r5", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(decision("r5"), "refused");
}

TEST_F(RolloutTest, ARollbackSkipsGoodOnesInQuarantine) {
    start_with('a', 3);
    roll_out('b');
    roll_out('c');
    keys().quarantine[commit('b')] = {BadCommit{"an operator said so", "", {}}, 95, 95, 0};
    propose("back", Trigger::rollback, std::nullopt);
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('a'));
}

}  // namespace
}  // namespace lastgood::core
