// Branches and tags: which refs count, which version is newer, and what an automatic request may
// do.
#include "lastgood/core/followed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lastgood/core/commit_policy.h"
#include "lastgood/core/delivery_policy.h"

namespace lastgood::core {
namespace {

using Kind = CommitChoice::Kind;

CommitId commit(char letter) {
    return *CommitId::parse(std::string(40, letter));
}

TEST(Followed, HoldsItsBranchOrTheTagsOfItsPattern) {
    const Followed main;
    EXPECT_TRUE(main.holds("refs/heads/main"));
    EXPECT_FALSE(main.holds("refs/heads/main2"));
    EXPECT_FALSE(main.holds("refs/tags/main"));
    const Followed tags{"main", "v*"};
    EXPECT_TRUE(tags.holds("refs/tags/v1.2"));
    EXPECT_TRUE(tags.holds("refs/tags/v1/beta"));
    EXPECT_FALSE(tags.holds("refs/tags/test-v1"));
    EXPECT_FALSE(tags.holds("refs/heads/v1"));
    EXPECT_FALSE(tags.holds("refs/heads/main"));
    const Followed released{"main", "v[0-9]*.[0-9]*.[0-9]"};
    EXPECT_TRUE(released.holds("refs/tags/v1.20.3"));
    EXPECT_FALSE(released.holds("refs/tags/v1.20.3-rc1"));
}

TEST(Versions, AreOrderedAsPeopleMeanThem) {
    const std::vector<std::string> ordered = {
        "v0.9",     "v1.0-alpha", "v1.0-alpha.1",   "v1.0-beta",     "v1.0-rc1",
        "v1.0-rc2", "v1.0-rc10",  "v1.0",           "v1.0.1",        "v1.1",
        "v1.9",     "v1.10-rc1",  "v1.10",          "v1.10.2",       "v2",
        "v2.0",     "v10",        "v10.0.20260101", "v10.0.20261231"};
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        for (std::size_t j = 0; j < ordered.size(); ++j) {
            EXPECT_EQ(older_version(ordered[i], ordered[j]), i < j)
                << ordered[i] << " and " << ordered[j];
        }
    }
    EXPECT_FALSE(older_version("", ""));
    EXPECT_TRUE(older_version("", "v1"));
    EXPECT_TRUE(older_version("1.0", "v0.9"));  // what begins otherwise is sorted as words are
    EXPECT_FALSE(older_version("v0.9", "1.0"));
    EXPECT_FALSE(older_version("v01", "v1") || older_version("v1", "v01"));
    EXPECT_TRUE(older_version("v99999999999999999999998", "v99999999999999999999999"));
}

TEST(DeliveryPolicy, OfSeveralTagsTheNewestVersionIsMeant) {
    const Followed tags{"main", "v*"};
    const auto decision = decide_push({{"refs/tags/v1.9", commit('a')},
                                       {"refs/tags/v1.10", commit('b')},
                                       {"refs/tags/v1.2", commit('c')},
                                       {"refs/tags/v3", std::nullopt},
                                       {"refs/tags/other", commit('d')}},
                                      tags);
    EXPECT_TRUE(decision.deploy);
    EXPECT_EQ(decision.commit, commit('b'));
    EXPECT_EQ(decision.ref, "refs/tags/v1.10");
    EXPECT_EQ(decide_push({{"refs/tags/v3", std::nullopt}}, tags).reason, "the tag was deleted");
    EXPECT_EQ(decide_push({{"refs/heads/main", commit('a')}}, tags).reason, "none of the tags v*");
}

class Choice : public ::testing::Test {
  protected:
    Choice() {
        request.trigger = Trigger::webhook;
        request.commit = commit('b');
        facts.tip = commit('b');
        facts.live_known = true;
        facts.standings = {{.commit = commit('b'),
                            .present = true,
                            .is_commit = true,
                            .on_branch = true,
                            .descends_from_live = true}};
    }
    CommitChoice choose() { return choose_commit(request, facts, commit('a'), settings, false); }

    CommitStanding& wanted() { return facts.standings.front(); }

    Request request;
    FetchFacts facts;
    Settings settings;
};

TEST_F(Choice, AForcedBranchIsFollowedUnlessFastForwardOnly) {
    wanted().descends_from_live = false;
    EXPECT_EQ(choose().kind, Kind::deploy);
    settings.fast_forward_only = true;
    EXPECT_EQ(choose().kind, Kind::ignored);
    EXPECT_NE(choose().reason.find("fast_forward_only"), std::string::npos);
    facts.live_known = false;  // a mirror made afresh: it can't be told
    EXPECT_EQ(choose().kind, Kind::deploy);
    facts.live_known = true;
    wanted().descends_from_live = true;
    EXPECT_EQ(choose().kind, Kind::deploy);
}

TEST_F(Choice, AnOperatorIsBoundByNoneOfTheFilters) {
    settings.fast_forward_only = true;
    wanted().descends_from_live = false;
    wanted().skip_asked = true;
    wanted().paths_changed = false;
    EXPECT_EQ(choose().kind, Kind::ignored);
    request.trigger = Trigger::cli;
    EXPECT_EQ(choose().kind, Kind::deploy);
}

TEST_F(Choice, AMessageMayAskNotToBeDeployed) {
    wanted().skip_asked = true;
    EXPECT_EQ(choose().kind, Kind::ignored);
    EXPECT_NE(choose().reason.find("[skip deploy]"), std::string::npos);
}

TEST_F(Choice, APushBesideThePathsIsIgnoredWithTheReason) {
    wanted().paths_changed = false;
    EXPECT_EQ(choose().kind, Kind::ignored);
    EXPECT_EQ(choose().reason,
              "commit bbbbbbb changed nothing under `paths` since the live aaaaaaa");
}

TEST_F(Choice, WhatIsLiveAlreadyIsNoMatterForFilters) {
    request.commit = facts.tip = wanted().commit = commit('a');
    wanted().descends_from_live = false;
    wanted().paths_changed = false;
    settings.fast_forward_only = true;
    EXPECT_EQ(choose().kind, Kind::deploy);
}

TEST_F(Choice, OfTagsTheNewestVersionCountsAndAnOlderOneIsStale) {
    settings.followed.tags = "v*";
    EXPECT_EQ(choose().kind, Kind::deploy);
    facts.tip = commit('c');
    facts.tip_tag = "v2.0";
    EXPECT_EQ(choose().kind, Kind::stale);
    EXPECT_EQ(choose().reason, "stale: tag v2.0 is a newer version than commit bbbbbbb's");
    request.trigger = Trigger::cli;
    EXPECT_EQ(choose().kind, Kind::deploy);
    wanted().on_branch = false;
    EXPECT_EQ(choose().kind, Kind::refused);
    EXPECT_EQ(choose().reason, "commit bbbbbbb has none of the tags v*");
    facts.tip.reset();
    EXPECT_EQ(choose().reason, "none of the tags v* is in the repository");
}

TEST_F(Choice, ABranchThatIsNotThereIsRefused) {
    facts.tip.reset();
    EXPECT_EQ(choose().kind, Kind::refused);
    EXPECT_EQ(choose().reason, "branch main is not in the repository");
}

}  // namespace
}  // namespace lastgood::core
