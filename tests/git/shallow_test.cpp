// Mirrors that hold only the end of the history.
#include "git/shallow.h"
#include "git/facts.h"
#include "git/libgit2.h"
#include "session_fixture.h"

namespace lastgood::git {
namespace {

class Shallow : public SessionFixture {
  protected:
    Shallow() {
        in_origin("for i in 4 5 6 7 8; do echo $i >file; git commit -qam \"change $i\"; done");
        remote.transport = config::Transport::git;
        remote.depth = 3;
        start_libgit2("", "");
    }
    int commits_here() { return std::stoi(in_mirror("git rev-list --all --count")); }
};

TEST_F(Shallow, OnlySoManyCommitsAreFetched) {
    EXPECT_EQ(must_fetch().tip, id_of("main"));
    EXPECT_EQ(commits_here(), 3);
    EXPECT_TRUE(is_shallow(remote.mirror));
    EXPECT_TRUE(mirror_is_whole(remote.mirror));
}

TEST_F(Shallow, AncestryIsToldAsFarAsTheHistoryReaches) {
    const auto facts =
        must_fetch({{id_of("main"), id_of("main~1"), id_of("main~2")}, id_of("main~1")}).facts;
    EXPECT_TRUE(facts.at(0).descends_from_live && facts.at(0).on_ref);
    EXPECT_TRUE(facts.at(2).ancestor_of_live && facts.at(2).on_ref);
    EXPECT_EQ(facts.at(2).ancestor_of, (std::vector<bool>{true, true, false}));
    const auto old = must_fetch({{id_of("main~6")}, {}}).facts;
    EXPECT_FALSE(old.at(0).on_ref);
}

TEST_F(Shallow, FollowsTheBranchOnAndBecomesWholeWithoutADepth) {
    must_fetch();
    const auto before = id_of("main");
    in_origin("echo 9 >file; git commit -qam 'change 9'");
    const auto facts = must_fetch({{id_of("main")}, before}).facts;
    EXPECT_TRUE(facts.at(0).descends_from_live);
    runner().materialise(id_of("main"), folder / "release");
    EXPECT_EQ(read_text(folder / "release/file"), "9\n");

    remote.depth.reset();
    restart_session();
    EXPECT_TRUE(must_fetch({{id_of("main~7")}, id_of("main")}).facts.at(0).ancestor_of_live);
    EXPECT_FALSE(is_shallow(remote.mirror));
    EXPECT_EQ(commits_here(), 9);
}

TEST_F(Shallow, DamageIsFound) {
    must_fetch();
    in_mirror("rm -f objects/pack/*.pack objects/pack/*.idx objects/[0-9a-f][0-9a-f]/*");
    EXPECT_FALSE(mirror_is_whole(remote.mirror));
    EXPECT_EQ(must_fetch().tip, id_of("main"));
    EXPECT_TRUE(mirror_is_whole(remote.mirror));
}

}  // namespace
}  // namespace lastgood::git
