// Following tags instead of a branch, and what a push touched, by both transports.
#include "session_fixture.h"

namespace lastgood::git {
namespace {

class Tags : public SessionFixture, public ::testing::WithParamInterface<config::Transport> {
  protected:
    Tags() {
        remote.transport = GetParam();
        remote.followed.tags = "v*";
        in_origin(
            "git tag v1.9 main~2; git tag -a -m note v1.10 main~1; git tag other main\n"
            "git tag v1.2 main~2");
    }
};

INSTANTIATE_TEST_SUITE_P(By, Tags,
                         ::testing::Values(config::Transport::git, config::Transport::libgit2),
                         [](const auto& tested) {
                             return tested.param == config::Transport::git ? "Git" : "Libgit2";
                         });

TEST_P(Tags, TheNewestVersionIsTheTipAndAnAnnotatedOneIsPeeled) {
    const auto listed = runner().list_tip();
    ASSERT_TRUE(listed.value.has_value()) << listed.error.error.text();
    EXPECT_EQ(*listed.value, id_of("main~1"));
    const auto result = must_fetch();
    EXPECT_EQ(result.tip, id_of("main~1"));
    EXPECT_EQ(result.tip_tag, "v1.10");
    EXPECT_TRUE(result.facts.at(0).on_ref && result.facts.at(0).is_commit);
}

TEST_P(Tags, ATaggedCommitCountsBeItNamedByItsTagObject) {
    const auto object = commit_id(in_origin("git rev-parse v1.10"));
    const auto result = must_fetch({{object, id_of("main~2"), id_of("main")}, {}});
    ASSERT_EQ(result.facts.size(), 3U);
    EXPECT_EQ(result.facts[0].id, id_of("main~1"));
    EXPECT_TRUE(result.facts[0].on_ref);
    EXPECT_TRUE(result.facts[1].on_ref) << "v1.9 and v1.2";
    EXPECT_FALSE(result.facts[2].on_ref) << "no tag of the pattern is there";
}

TEST_P(Tags, ANewTagMayBeOnABranchOfItsOwn) {
    must_fetch();
    in_origin("git checkout -qb side main~2; git commit -q --allow-empty -m side; git tag v2.0");
    const auto side = id_of("side");
    const auto result = must_fetch({{side}, id_of("main~1")});
    EXPECT_EQ(result.tip, side);
    EXPECT_TRUE(result.facts.at(0).present && result.facts.at(0).on_ref);
    EXPECT_FALSE(result.facts.at(0).descends_from_live);
}

TEST_P(Tags, WithoutOneThereIsNoTip) {
    in_origin("git tag -d v1.9 v1.10 v1.2");
    const auto listed = runner().list_tip();
    ASSERT_TRUE(listed.value.has_value());
    EXPECT_FALSE(listed.value->has_value());
    const auto result = must_fetch({{id_of("main")}, {}});
    EXPECT_FALSE(result.tip.has_value());
}

TEST_P(Tags, AReplacedTagIsFollowed) {
    must_fetch();
    in_origin("git tag -f v1.10 main");
    const auto result = must_fetch();
    EXPECT_EQ(result.tip, id_of("main"));
    EXPECT_TRUE(result.facts.at(0).on_ref);
}

class Touched : public SessionFixture {
  protected:
    CommitFacts facts_of(const std::string& script, const std::vector<std::string>& paths) {
        const auto live = id_of("main");
        in_origin(script + "\ngit add -A; git commit -q --allow-empty -m \"${message:-next}\"");
        const auto result = must_fetch({{id_of("main")}, live, paths});
        EXPECT_TRUE(result.live_known);
        return result.facts.at(0);
    }
};

TEST_F(Touched, PathsAreMatchedAsGitDoes) {
    const std::string script = "mkdir -p backend/src docs; date +%N >backend/src/x";
    EXPECT_TRUE(facts_of(script, {"backend/**"}).paths_changed);
    EXPECT_TRUE(facts_of(script, {"docs", "backend"}).paths_changed);
    EXPECT_TRUE(facts_of(script, {"*/x"}).paths_changed);
    EXPECT_FALSE(facts_of(script, {"docs/**", "front"}).paths_changed);
    EXPECT_FALSE(facts_of(script, {"back"}).paths_changed);
    EXPECT_TRUE(facts_of(script, {}).paths_changed) << "no filter";
    EXPECT_TRUE(facts_of("git rm -qr backend", {"backend/**"}).paths_changed) << "removed";
    EXPECT_FALSE(facts_of("", {"backend/**"}).paths_changed) << "an empty commit";
}

TEST_F(Touched, OverSeveralPushesSinceTheLiveOne) {
    const auto live = id_of("main");
    in_origin(
        "mkdir b; touch b/x; git add -A; git commit -qm b; touch y; git add -A; git commit -qm y");
    EXPECT_TRUE(must_fetch({{id_of("main")}, live, {"b/**"}}).facts.at(0).paths_changed);
    const auto unknown =
        must_fetch({{id_of("main")}, commit_id(std::string(40, 'a')), {"nothing"}});
    EXPECT_TRUE(unknown.facts.at(0).paths_changed) << "nothing to compare with: rather deployed";
    EXPECT_FALSE(unknown.live_known);
}

TEST_F(Touched, AMessageMayAskToSkipTheDeployment) {
    EXPECT_TRUE(facts_of("message='docs [skip deploy]'", {}).skip_asked);
    EXPECT_TRUE(facts_of("message='docs\n\nwhy\n[Deploy Skip]'", {}).skip_asked);
    EXPECT_FALSE(facts_of("message='skip deploy'", {}).skip_asked);
}

}  // namespace
}  // namespace lastgood::git
