#include <gtest/gtest.h>

#include "core/machine_fixture.h"
#include "lastgood/core/backoff.h"
#include "lastgood/core/delivery_policy.h"
#include "lastgood/core/retention_policy.h"

namespace lastgood::core {
namespace {

TEST(DeliveryPolicy, DeploysOnlyTheConfiguredBranch) {
    EXPECT_TRUE(decide_push({{"refs/heads/main", commit('a')}}, Followed{}).deploy);
    EXPECT_FALSE(decide_push({{"refs/heads/main2", commit('a')}}, Followed{}).deploy);
    EXPECT_FALSE(decide_push({{"refs/tags/main", commit('a')}}, Followed{}).deploy);
    EXPECT_EQ(decide_push({{"refs/heads/dev", commit('a')}}, Followed{}).reason, "not branch main");
}

TEST(DeliveryPolicy, ADeletedBranchIsIgnoredWithItsReason) {
    const auto decision = decide_push({{"refs/heads/main", std::nullopt}}, Followed{});
    EXPECT_FALSE(decision.deploy);
    EXPECT_EQ(decision.reason, "branch main was deleted");
}

TEST(DeliveryPolicy, FindsTheBranchAmongSeveralRefs) {
    const auto decision = decide_push({{"refs/heads/dev", commit('a')},
                                       {"refs/heads/main", commit('b')},
                                       {"refs/tags/v1", commit('c')}},
                                      Followed{});
    ASSERT_TRUE(decision.deploy);
    EXPECT_EQ(decision.commit, commit('b'));
    EXPECT_EQ(decision.ref, "refs/heads/main");
}

TEST(DeliveryPolicy, APushOfNothingIsIgnoredWithItsReason) {
    const auto decision = decide_push({}, Followed{});
    EXPECT_FALSE(decision.deploy);
    EXPECT_EQ(decision.ref, "");
    EXPECT_EQ(decision.reason, "not branch main");
}

TEST(Backoff, DoublesToTheLongestWithATenthOfJitter) {
    const RestartBackoff backoff{Millis(100), Millis(1'000)};
    for (std::uint64_t salt = 0; salt < 100; ++salt) {
        for (const auto& [failures, expected] :
             {std::pair{1, 0}, {2, 100}, {3, 200}, {4, 400}, {5, 800}, {6, 1'000}, {50, 1'000}}) {
            const auto delay = restart_delay(backoff, failures, salt).count();
            EXPECT_GE(delay, expected * 9 / 10);
            EXPECT_LE(delay, expected * 11 / 10);
        }
    }
}

TEST(Backoff, PollingBacksOffToAnHourAndNeverBelowWhatIsConfigured) {
    EXPECT_LE(poll_delay(Millis(1'000), 40, 3), Millis(3'960'000));
    EXPECT_GE(poll_delay(Millis(7'200'000), 3, 3), Millis(6'480'000));
}

CommitStanding standing(char letter) {
    CommitStanding made{.commit = commit(letter)};
    made.present = made.is_commit = made.on_branch = true;
    made.ancestor_of = {false};
    return made;
}

FetchFacts facts_of(char tip, CommitStanding wanted) {
    FetchFacts facts;
    facts.tip = commit(tip);
    facts.standings.push_back(std::move(wanted));
    return facts;
}

Request webhook(char letter) {
    Request request;
    request.trigger = Trigger::webhook;
    request.commit = commit(letter);
    return request;
}

TEST(CommitPolicy, RefusesWhatIsNoCommitOrOnAnotherBranch) {
    FetchFacts facts = facts_of('f', standing('a'));
    facts.standings[0].is_commit = false;
    EXPECT_EQ(choose_commit(webhook('a'), facts, {}, Settings{}, false).kind,
              CommitChoice::Kind::refused);
    facts.standings[0] = standing('a');
    facts.standings[0].on_branch = false;
    const auto choice = choose_commit(webhook('a'), facts, {}, Settings{}, false);
    EXPECT_EQ(choice.kind, CommitChoice::Kind::refused);
    EXPECT_NE(choice.reason.find("not on branch main"), std::string::npos);
}

TEST(CommitPolicy, AnOperatorMayDeployAnOlderCommitButNotAStrangers) {
    FetchFacts facts = facts_of('f', standing('a'));
    facts.standings[0].ancestor_of_live = true;
    Request asked = webhook('a');
    EXPECT_EQ(choose_commit(asked, facts, commit('b'), Settings{}, false).kind,
              CommitChoice::Kind::stale);
    asked.trigger = Trigger::cli;
    EXPECT_EQ(choose_commit(asked, facts, commit('b'), Settings{}, false).kind,
              CommitChoice::Kind::deploy);
}

TEST(CommitPolicy, WhoNamesACommitForAFleetMeansItAsAnOperatorDoes) {
    FetchFacts facts = facts_of('f', standing('a'));
    facts.standings[0].ancestor_of_live = true;
    Request asked = webhook('a');
    asked.trigger = Trigger::fleet;
    EXPECT_EQ(choose_commit(asked, facts, commit('b'), Settings{}, false).commit, commit('a'));
}

TEST(CommitPolicy, OfWishesThatDivergedTheOneThatCameLastIsMeant) {
    FetchFacts facts = facts_of('f', standing('a'));  // a merge holds both
    facts.standings.push_back(standing('b'));
    for (auto& one : facts.standings) one.ancestor_of = {false, false};
    const auto choice = choose_commit(webhook('a'), facts, {}, Settings{}, false);
    EXPECT_EQ(choice.commit, commit('a'));
    EXPECT_EQ(choice.candidate, 0U);
}

TEST(CommitPolicy, TheTipIsMeantWhereNoCommitIsNamed) {
    Request asked;
    const auto choice = choose_commit(asked, facts_of('c', standing('c')), {}, Settings{}, false);
    EXPECT_EQ(choice.commit, commit('c'));
    EXPECT_EQ(choose_commit(asked, FetchFacts{}, {}, Settings{}, false).kind,
              CommitChoice::Kind::refused);
}

TEST(Retention, CountsGoodReleasesOnlyAndKeepsWhatIsInUse) {
    AppState state;
    for (const char letter : {'a', 'b', 'c', 'd'}) {
        state.good.insert(state.good.begin(), commit(letter));
    }
    state.live = commit('a');  // an older one was deployed by hand
    const std::vector<CommitId> kept = {commit('a'), commit('b'), commit('c'),
                                        commit('d'), commit('e'), commit('f')};
    Deployment work;
    work.commit = commit('f');
    state.work = work;
    EXPECT_EQ(releases_to_remove(state, kept, 2),
              (std::vector<CommitId>{commit('b'), commit('e')}));
}

TEST(Retention, KeepsNothingOfFormerTriesBeforeTheFirstReleaseIsLive) {
    AppState state;
    state.work = Deployment{};  // fetches the tip, whichever that is
    EXPECT_EQ(releases_to_remove(state, {commit('a')}, 3), std::vector<CommitId>{commit('a')});
}

TEST(Retention, NeverLeavesTheLiveReleaseWithoutAWayBack) {
    AppState state;
    state.good = {commit('b'), commit('a')};
    state.live = commit('b');
    EXPECT_TRUE(releases_to_remove(state, {commit('a'), commit('b')}, 1).empty());
}

}  // namespace
}  // namespace lastgood::core
