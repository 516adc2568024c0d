#include "core/rollout_fixture.h"

namespace lastgood::core {
namespace {

using Names = std::vector<std::string>;

TEST_F(RolloutTest, CanaryFirstThenItsSoakThenWaves) {
    start_with('a', 4);
    push('b');
    settle();
    EXPECT_EQ(granted(), Names{"h1"});
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h1")});
    told("h1").commit = commit('b');  // in its probation
    told("h1").busy = true;
    settle();
    EXPECT_FALSE(acts.again);
    told("h1").busy = false;
    end("h1", GrantOutcome::good);
    settle();
    EXPECT_TRUE(granted().empty());
    EXPECT_EQ(acts.again, now + settings.rollout.canary_soak);
    pass(settings.rollout.canary_soak - Millis(1));
    settle();
    EXPECT_EQ(state(), RolloutState::canary);
    pass(Millis(1));
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
    EXPECT_EQ(granted(), (Names{"h2", "h3"}));
}

TEST_F(RolloutTest, ANewControllerWatchesTheCanaryAnew) {
    start_with('a', 4);
    push('b');
    settle();
    end("h1", GrantOutcome::good);
    settle();
    pass(settings.rollout.canary_soak - Millis(1));
    memory = {};
    memory.apps[app].soak = RolloutMemory::Soak{"another", now - settings.rollout.canary_soak};
    mine.created = 200;
    settle();
    pass(settings.rollout.canary_soak - Millis(1));
    settle();
    EXPECT_EQ(state(), RolloutState::canary);
    pass(Millis(1));
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
}

TEST_F(RolloutTest, ACanaryThatGoesIsReplacedAndTheSoakBeginsAnew) {
    settings.rollout.canary = 2;
    start_with('a', 4);
    push('b');
    settle();
    ASSERT_EQ(granted(), (Names{"h1", "h2"}));
    all_good();
    pass(settings.rollout.canary_soak / 2);
    host_goes("h1");
    settle();
    EXPECT_EQ(granted(), Names{"h3"});
    all_good();
    pass(settings.rollout.canary_soak / 2);
    settle();
    EXPECT_EQ(state(), RolloutState::canary);
    pass(settings.rollout.canary_soak / 2);
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
}

TEST_F(RolloutTest, ACanaryThatHasItStaysOneThoughItIsPausedThen) {
    start_with('a', 3);
    push('b');
    settle();
    told("h1").refusal = Refusal{kEveryWish, "paused"};
    settle();
    EXPECT_EQ(granted(), Names{"h1"});
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h1")});
    end("h1", GrantOutcome::good);
    told("h1").refusal = Refusal{kEveryWish, "paused"};
    settle();
    EXPECT_TRUE(granted().empty());
    pass(settings.rollout.canary_soak);
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
}

TEST_F(RolloutTest, CanariesAreOfOneZoneAndNotOfThoseThatAreDown) {
    settings.rollout.canary = 2;
    add_host("h1", "b", commit('a'));
    add_host("h2", "a", commit('a'));
    add_host("h3", "b", commit('a'));
    add_host("h4", "a", commit('a')).health = HostHealth::down;
    push('b');
    settle();
    EXPECT_EQ(rollout().canaries, (std::vector<HostName>{host_name("h2"), host_name("h1")}));
    settings.rollout.canary = 1;  // by another config
    settle();
    EXPECT_EQ(rollout().canaries, (std::vector<HostName>{host_name("h2")}));
    settings.rollout.canary = 2;
    told("h4").health = HostHealth::ok;
    settle();
    EXPECT_EQ(rollout().canaries, (std::vector<HostName>{host_name("h2"), host_name("h4")}));
}

TEST_F(RolloutTest, WhereHostsThatAreDownTakeAllPlacesTheyAreTheCanaries) {
    settings.rollout.max_unavailable = {1, {}};
    settings.rollout.canary = 2;
    start_with('a', 4);
    push('b');
    settle();
    ASSERT_EQ(granted(), Names{"h1"});
    told("h3").health = HostHealth::down;
    settle();
    EXPECT_EQ(rollout().canaries, (std::vector<HostName>{host_name("h1"), host_name("h3")}));
    end("h1", GrantOutcome::good);
    settle();
    EXPECT_EQ(granted(), Names{"h3"});
    told("h3").health = HostHealth::ok;
    all_good();
    EXPECT_EQ(told("h3").commit, commit('b'));
}

TEST_F(RolloutTest, AHostThatHasItAlreadyIsTheFirstCanary) {
    start_with('a', 3);
    told("h3").commit = commit('b');
    push('b');
    settle();
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h3")});
    EXPECT_TRUE(granted().empty());
    told("h3").health = HostHealth::failing;
    pass(settings.rollout.canary_soak);
    settle();
    EXPECT_EQ(state(), RolloutState::canary);
}

TEST_F(RolloutTest, WithoutAHostThatCanBeCanaryItWaits) {
    start_with('a', 1);
    told("h1").refusal = Refusal{kEveryWish, "paused"};
    push('b');
    settle();
    EXPECT_TRUE(granted().empty());
    EXPECT_EQ(acts.waits[app], "no host can be the canary");
}

TEST_F(RolloutTest, ACanaryThatIsBackHasItsPartAgainBeforeOneThatHasNotBegun) {
    settings.rollout.max_unavailable = {1, {}};
    start_with('a', 3);
    push('b');
    settle();
    ASSERT_EQ(granted(), Names{"h1"});
    host_goes("h1");
    settle();
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h2")});
    EXPECT_TRUE(granted().empty());  // its place is held
    HostApp& back = add_host("h1", {}, commit('a'));
    back.wish = "push-b";
    back.granted = commit('b');
    back.busy = true;
    settle();
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h1")});
    told("h1").outcome = GrantOutcome::good;
    told("h1").commit = commit('b');
    told("h1").busy = false;
    settle();
    EXPECT_TRUE(granted().empty());
    pass(settings.rollout.canary_soak);
    settle();
    EXPECT_EQ(state(), RolloutState::waves);
}

TEST_F(RolloutTest, ACanaryThatIsBackWithTheCommitComesBeforeItsSubstitute) {
    settings.rollout.canary = 2;
    settings.rollout.max_unavailable = {1, {}};
    start_with('a', 4);
    push('b');
    settle();
    ASSERT_EQ(granted(), Names{"h1"});
    end("h1", GrantOutcome::good);
    settle();
    ASSERT_EQ(granted(), Names{"h2"});
    const HostApp word = told("h1");
    host_goes("h1");
    settle();
    EXPECT_EQ(rollout().canaries, (std::vector<HostName>{host_name("h2"), host_name("h3")}));
    add_host("h1") = word;
    all_good();
    EXPECT_EQ(rollout().canaries, (std::vector<HostName>{host_name("h1"), host_name("h2")}));
    EXPECT_EQ(told("h3").commit, commit('a'));
}

TEST_F(RolloutTest, ABusyHostThatDeploysSomethingElseHasNotBegun) {
    settings.rollout.max_unavailable = {1, {}};
    start_with('a', 3);
    push('b');
    settle();
    host_goes("h1");
    settle();
    HostApp& back = add_host("h1", {}, commit('a'));
    back.wish = "push-a";
    back.granted = commit('a');
    back.busy = true;
    settle();
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h2")});
    // Nor one that declined the commit for an earlier wish, and is at its operator's.
    told("h1").granted = commit('b');
    told("h1").outcome = GrantOutcome::declined;
    settle();
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h2")});
}

TEST_F(RolloutTest, AHaltNamesTheCanariesThatRanTheCommit) {
    start_with('a', 3);
    push('b');
    settle();
    end("h1", GrantOutcome::bad, "crash loop");
    settle();
    EXPECT_EQ(state(), RolloutState::halted);
    EXPECT_EQ(rollout().canaries, std::vector<HostName>{host_name("h1")});
}

}  // namespace
}  // namespace lastgood::core
