// What a controller meets seldom.
#include "core/rollout_fixture.h"

namespace lastgood::core {
namespace {

class EarlierCanary : public RolloutTest {
  protected:
    // h1 has `b`, the canary's commit, by a wish before the one that is out now.
    void wish_again_for_what_the_canary_has() {
        start_with('a', 3);
        push('b');
        settle();
        end("h1", GrantOutcome::good);
        settle();
        propose("again", Trigger::cli, commit('b'));
        settle();
        ASSERT_EQ(keys().wish->value.id, "again");
        EXPECT_EQ(state(), RolloutState::canary);
    }
};

TEST_F(RolloutTest, IsNotDoneWhileAHostThatHasTheCommitIsBusyAgain) {
    start_with('a', 3);
    push('b');
    settle();
    all_good();
    pass(settings.rollout.canary_soak);
    settle();
    told("h1").busy = true;  // its operator deploys it once more
    all_good();
    EXPECT_EQ(state(), RolloutState::waves);
    told("h1").busy = false;
    ++view.revision;
    settle();
    EXPECT_EQ(state(), RolloutState::done);
}

TEST_F(EarlierCanary, FailsThisWishForTheCommitToo) {
    wish_again_for_what_the_canary_has();
    told("h1").health = HostHealth::failing;
    ++view.revision;
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_TRUE(keys().quarantine.contains(commit('b')));
}

TEST_F(EarlierCanary, IsNotJudgedWhileItIsAtWork) {
    wish_again_for_what_the_canary_has();
    told("h1").health = HostHealth::failing;
    told("h1").busy = true;
    ++view.revision;
    settle();
    EXPECT_EQ(state(), RolloutState::canary);
    EXPECT_FALSE(keys().quarantine.contains(commit('b')));
    told("h1").busy = false;
    ++view.revision;
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
}

TEST_F(RolloutTest, AForcedOrderOfWhatLiesThereBrokenIsHalted) {
    add_hosts(1, 'b');
    tip = 'b';
    HostApp& word = told("h1");
    word.health = HostHealth::down;
    word.wish = "earlier";
    word.granted = commit('b');
    word.outcome = GrantOutcome::bad;
    propose("again", Trigger::cli, commit('b')).force = true;
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
}

TEST_F(RolloutTest, TheEndIsToldOfTheWishAndNotOfItsDuplicates) {
    start_with('a', 2);
    push('b');
    settle();
    FleetEntry again;
    again.id = "push-b";
    again.decision = "duplicate";
    keys().history.clear();  // its own entry is old, and gone
    keys().history[101] = {again, 90, 90, 0};
    all_good();
    pass(settings.rollout.canary_soak);
    settle();
    all_good();
    EXPECT_EQ(state(), RolloutState::done);
    EXPECT_EQ(decision("push-b"), "duplicate");
}

TEST_F(RolloutTest, AnOlderPushThatNamesNoCommitIsNoCandidate) {
    start_with('a', 2);
    propose("nameless", Trigger::poll, std::nullopt);
    push('b');
    look();
    ASSERT_EQ(acts.questions.size(), 1U);
    EXPECT_TRUE(acts.questions[0].request.over.empty());
    learn(memory, acts.questions[0], facts(acts.questions[0]));
    settle();
    EXPECT_EQ(keys().wish->value.commit, commit('b'));
    EXPECT_TRUE(keys().proposals.empty());
}

}  // namespace
}  // namespace lastgood::core
