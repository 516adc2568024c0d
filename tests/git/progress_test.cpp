#include "git/progress.h"

#include <gtest/gtest.h>

namespace lastgood::git {
namespace {

TEST(GitProgress, IsReadFromWhatGitSays) {
    const auto whole =
        parse_git_progress("Receiving objects:  45% (450/1000), 1.50 MiB | 2.00 MiB/s");
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(whole->objects, 450U);
    EXPECT_EQ(whole->objects_total, 1000U);
    EXPECT_EQ(whole->bytes, 1'572'864U);
    const auto early = parse_git_progress("Receiving objects:   0% (1/1000)");
    ASSERT_TRUE(early.has_value());
    EXPECT_EQ(early->bytes, 0U);
    const auto small =
        parse_git_progress("Unpacking objects: 100% (3/3), 245 bytes | 245.00 KiB/s, done.");
    ASSERT_TRUE(small.has_value());
    EXPECT_EQ(small->bytes, 245U);
    EXPECT_FALSE(parse_git_progress("Resolving deltas: 100% (1/1), done.").has_value());
    EXPECT_FALSE(parse_git_progress("Receiving objects: (").has_value());
    EXPECT_FALSE(parse_git_progress("").has_value());
}

TEST(GitProgress, LeavesReasonsOfFailuresAlone) {
    for (const char* piece :
         {"remote: Counting objects: 100% (5/5), done.", "Receiving objects:  45% (450/1000)",
          "From /srv/backend", " * [new branch]      main       -> refs/upstream/main",
          "   81c0aa0..3f2a1c0  main       -> refs/upstream/main"}) {
        EXPECT_TRUE(is_git_chatter(piece)) << piece;
    }
    for (const char* piece :
         {"fatal: early EOF", "error: RPC failed; curl 56", "remote: Repository not found.",
          " ! [rejected]        main -> main", "Host key verification failed.", "hint: retry"}) {
        EXPECT_FALSE(is_git_chatter(piece)) << piece;
    }
}

TEST(GitProgress, GoesToTheDaemonAsALineOfItsOwn) {
    const auto read = decode_progress(encode_progress({450, 1000, 4096}));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->objects, 450U);
    EXPECT_EQ(read->objects_total, 1000U);
    EXPECT_EQ(read->bytes, 4096U);
    EXPECT_FALSE(decode_progress(R"({"ok":true,"value":1})").has_value()) << "that is an answer";
    EXPECT_TRUE(decode_progress(R"({"progress":17})").has_value()) << "nonsense is no answer";
}

}  // namespace
}  // namespace lastgood::git
