#include "session_fixture.h"

namespace lastgood::git {
namespace {

std::string transport_name(const ::testing::TestParamInfo<config::Transport>& info) {
    return info.param == config::Transport::git ? "Git" : "Libgit2";
}

class Fetch : public SessionFixture, public ::testing::WithParamInterface<config::Transport> {
  protected:
    Fetch() { remote.transport = GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(By, Fetch,
                         ::testing::Values(config::Transport::git, config::Transport::libgit2),
                         transport_name);

TEST_P(Fetch, WithoutCandidatesTellsOfTheTip) {
    const auto result = must_fetch();
    EXPECT_EQ(result.tip, id_of("main"));
    ASSERT_EQ(result.facts.size(), 1U);
    EXPECT_EQ(result.facts[0].id, id_of("main"));
    EXPECT_TRUE(result.facts[0].present && result.facts[0].is_commit && result.facts[0].on_ref);
    EXPECT_FALSE(result.facts[0].ancestor_of_live || result.facts[0].descends_from_live);
}

TEST_P(Fetch, ByFileUrlWorksAsByPath) {
    remote.url = "file://" + remote.url;
    EXPECT_EQ(must_fetch().tip, id_of("main"));
}

TEST_P(Fetch, TellsAncestryOfCandidatesAndOfWhatIsLive) {
    const FetchRequest request{{id_of("main"), id_of("main~2"), id_of("main~1")}, id_of("main~1")};
    const auto facts = must_fetch(request).facts;
    ASSERT_EQ(facts.size(), 3U);
    EXPECT_TRUE(facts[0].descends_from_live && !facts[0].ancestor_of_live);
    EXPECT_TRUE(!facts[1].descends_from_live && facts[1].ancestor_of_live);
    EXPECT_TRUE(!facts[2].descends_from_live && !facts[2].ancestor_of_live);
    EXPECT_EQ(facts[0].ancestor_of, (std::vector<bool>{false, false, false}));
    EXPECT_EQ(facts[1].ancestor_of, (std::vector<bool>{true, false, true}));
    EXPECT_EQ(facts[2].ancestor_of, (std::vector<bool>{true, false, false}));
    for (const auto& fact : facts) EXPECT_TRUE(fact.on_ref && fact.is_commit);
}

TEST_P(Fetch, ALiveCommitThatTheMirrorDoesNotKnowIsNoError) {
    const auto facts = must_fetch({{id_of("main")}, commit_id(std::string(40, 'a'))}).facts;
    ASSERT_EQ(facts.size(), 1U);
    EXPECT_FALSE(facts[0].ancestor_of_live || facts[0].descends_from_live);
}

TEST_P(Fetch, ACommitThatIsNowhereIsNotPresent) {
    const auto result = must_fetch({{commit_id(std::string(40, 'b'))}, {}});
    EXPECT_EQ(result.tip, id_of("main"));
    ASSERT_EQ(result.facts.size(), 1U);
    EXPECT_FALSE(result.facts[0].present || result.facts[0].is_commit || result.facts[0].on_ref);
}

TEST_P(Fetch, AnAnnotatedTagMeansTheCommitItPointsAt) {
    in_origin("git tag -a -m note v1 main");
    in_origin("git config uploadpack.allowAnySHA1InWant true");
    const auto tag = id_of("refs/tags/v1");
    const auto result = must_fetch({{tag}, {}});
    ASSERT_EQ(result.facts.size(), 1U);
    EXPECT_TRUE(result.facts[0].present && result.facts[0].is_commit && result.facts[0].on_ref);
    EXPECT_EQ(result.facts[0].id, id_of("main"));
}

TEST_P(Fetch, ABranchThatIsNotThereIsNoErrorAndLeavesNoOldTipBehind) {
    EXPECT_TRUE(must_fetch().tip.has_value());
    in_origin("git branch -m main other");
    const auto result = must_fetch();
    EXPECT_FALSE(result.tip.has_value());
    EXPECT_TRUE(result.facts.empty());
    const auto listed = runner().list_tip();
    ASSERT_TRUE(listed.value.has_value()) << listed.error.error.text();
    EXPECT_FALSE(listed.value->has_value());
}

TEST_P(Fetch, AnEmptyRepositoryHasNoTip) {
    shell(folder.path(), "git init -q --bare empty.git");
    remote.url = folder / "empty.git";
    EXPECT_FALSE(must_fetch().tip.has_value());
}

TEST_P(Fetch, AForcePushBackMovesTheTipBack) {
    const auto newest = id_of("main");
    EXPECT_EQ(must_fetch().tip, newest);
    in_origin("git reset -q --hard HEAD~2");
    const auto result = must_fetch({{id_of("main"), newest}, newest});
    EXPECT_EQ(result.tip, id_of("main"));
    ASSERT_EQ(result.facts.size(), 2U);
    EXPECT_TRUE(result.facts[0].on_ref && result.facts[0].ancestor_of_live);
    EXPECT_TRUE(result.facts[1].present);
    EXPECT_FALSE(result.facts[1].on_ref);
}

TEST_P(Fetch, ListingTellsTheTipOfTheVeryBranch) {
    const auto tip = id_of("main");
    in_origin("git branch refs/heads/main main~1; git branch x/main main~2");
    const auto listed = runner().list_tip();
    ASSERT_TRUE(listed.value.has_value()) << listed.error.error.text();
    EXPECT_EQ(*listed.value, tip);
}

TEST_P(Fetch, ABranchWhoseNameHoldsTheOldOneIsNoTrouble) {
    must_fetch();
    in_origin("git branch -m main main/new");
    remote.followed.branch = "main/new";
    restart_session();
    EXPECT_EQ(must_fetch().tip, id_of("main/new"));
}

TEST_P(Fetch, LocksAndPacksThatAKilledGitLeftAreSweptAway) {
    must_fetch();
    write_text(remote.mirror + "/packed-refs.lock", "");
    write_text(remote.mirror + "/config.lock", "");
    write_text(remote.mirror + "/refs/lastgood/upstream/heads/main.lock", "");
    write_text(remote.mirror + "/objects/pack/tmp_pack_abcdef", "half");
    in_origin("echo 4 >file; git commit -qam four");
    EXPECT_EQ(must_fetch().tip, id_of("main"));
    EXPECT_EQ(in_mirror("find . -name '*.lock' ! -name lastgood.lock; find . -name 'tmp_*'"), "");
}

TEST_P(Fetch, ADamagedMirrorIsPutAsideAndMadeAfresh) {
    must_fetch();
    in_mirror("find objects -type f | while read f; do chmod u+w \"$f\"; : >\"$f\"; done");
    restart_session();
    const auto result = must_fetch({{id_of("main~1")}, {}});
    EXPECT_EQ(result.tip, id_of("main"));
    ASSERT_EQ(result.facts.size(), 1U);
    EXPECT_TRUE(result.facts[0].on_ref);
    EXPECT_EQ(shell(folder.path(), "ls -d repo.git.damaged-* | wc -l"), "1");
}

TEST_P(Fetch, AMirrorThatIsNoRepositoryIsPutAsideAndMadeAfresh) {
    write_text(remote.mirror + "/HEAD", "nonsense");
    EXPECT_EQ(must_fetch().tip, id_of("main"));
}

TEST_P(Fetch, AMissingRepositoryIsAnErrorWithItsMendAndKeepsTheMirror) {
    must_fetch();
    remote.url = folder / "nowhere";
    restart_session();
    const auto result = runner().fetch();
    ASSERT_FALSE(result.value.has_value());
    EXPECT_NE(result.error.error.what.find(remote.url), std::string::npos);
    EXPECT_NE(result.error.error.mend.find("check `repo`"), std::string::npos)
        << result.error.error.text();
    EXPECT_FALSE(result.error.permanent);
    EXPECT_EQ(in_mirror("git rev-parse refs/lastgood/upstream/heads/main"), id_of("main").hex());
}

TEST_P(Fetch, AnUnsupportedAddressIsAnErrorForGood) {
    remote.url = "ext::sh -c touch% /tmp/x";
    const auto result = runner().fetch();
    ASSERT_FALSE(result.value.has_value());
    EXPECT_TRUE(result.error.permanent);
}

TEST_P(Fetch, AHiddenHookOrConfigOfTheRemoteRunsNothingHere) {
    in_origin("git config core.fsmonitor 'touch " + (folder / "ran") + "'");
    must_fetch();
    EXPECT_FALSE(sys::exists(folder / "ran"));
}

class FetchByGit : public SessionFixture {
  protected:
    FetchByGit() { remote.transport = config::Transport::git; }
};

TEST_F(FetchByGit, ACommitOnAnotherBranchIsPresentButNotOnTheRef) {
    in_origin("git checkout -q -b side; echo s >s; git add .; git commit -qm side");
    const auto side = id_of("side");
    const auto result = must_fetch({{side}, id_of("main")});
    EXPECT_EQ(result.tip, id_of("main"));
    ASSERT_EQ(result.facts.size(), 1U);
    EXPECT_TRUE(result.facts[0].present && result.facts[0].is_commit);
    EXPECT_FALSE(result.facts[0].on_ref);
    EXPECT_TRUE(result.facts[0].descends_from_live);
    EXPECT_EQ(in_mirror("git for-each-ref refs/lastgood/asked"), "");
}

TEST_F(FetchByGit, ABlobIsPresentButNoCommit) {
    in_origin("echo lonely | git hash-object -w --stdin");
    const auto blob = commit_id(in_origin("git rev-parse main:file"));
    const auto facts = must_fetch({{blob}, {}}).facts;
    ASSERT_EQ(facts.size(), 1U);
    EXPECT_TRUE(facts[0].present);
    EXPECT_FALSE(facts[0].is_commit || facts[0].on_ref);
}

TEST_F(FetchByGit, ObjectsThatGitCallsHarmfulAreRefusedForGood) {
    in_origin(
        "b=$(git rev-parse main:file)\n"
        "t=$(printf '100644 blob %s\\t.git\\n' $b | git mktree)\n"
        "c=$(git commit-tree -m evil -p main $t); git update-ref refs/heads/main $c");
    remote.url = "file://" + remote.url;
    const auto result = runner().fetch();
    ASSERT_FALSE(result.value.has_value());
    EXPECT_TRUE(result.error.permanent) << result.error.error.text();
    EXPECT_NE(result.error.error.mend.find("harmful"), std::string::npos);
}

}  // namespace
}  // namespace lastgood::git
