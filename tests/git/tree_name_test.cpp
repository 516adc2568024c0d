#include "git/tree_name.h"

#include <gtest/gtest.h>

#include <string>

namespace lastgood::git {
namespace {

TEST(TreeName, RefusesEverySpellingOfDotGitAndEveryWayOut) {
    const std::string hostile[] = {"",
                                   ".",
                                   "..",
                                   "a/b",
                                   ".git",
                                   ".GIT",
                                   ".Git",
                                   "git~1",
                                   "GIT~1",
                                   ".git ",
                                   ".git.",
                                   ".git . .",
                                   ".git::$INDEX_ALLOCATION",
                                   "git~1:x",
                                   "..\\a",
                                   "a\\..\\b",
                                   "a\\.git\\x",
                                   ".git\\config",
                                   ".g\xe2\x80\x8cit",
                                   "\xef\xbb\xbf.git",
                                   ".git\xe2\x81\xaf",
                                   std::string("a\0b", 3)};
    for (const auto& name : hostile) EXPECT_FALSE(hostile_name(name).empty()) << name;
}

TEST(TreeName, AllowsWhatOnlyLooksLikeIt) {
    for (const char* name :
         {".gitignore", ".github", "git", "git~2", "xgit~1", "...", ".gi", "a\\b",
          "dev-disk\\x2dby.mount", "\xff\xfe", "a b", "-rf", ".git-x", "a:.git", "\xe2\x80\x8c"}) {
        EXPECT_EQ(hostile_name(name), "") << name;
    }
}

}  // namespace
}  // namespace lastgood::git
