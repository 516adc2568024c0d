#include "lastgood/base/sys/open_as.h"

#include <sys/stat.h>

#include "base/temp_dir.h"

namespace lastgood::sys {
namespace {

const Identity kNobodyElse{test::kNobody, test::kNobody, {}, "nobody", {}, {}};

class OpenAs : public testing::Test {
  protected:
    OpenAs() {
        chmod(folder.path().c_str(), 0755);
        test::put(folder / "open", "for all");
        test::put(folder / "closed", "root's");
        chmod((folder / "closed").c_str(), 0600);
        std::filesystem::create_symlink("closed", folder / "led");
        std::filesystem::create_symlink(".", folder / "here");
    }
    bool opens(const std::string& name) { return open_as(kNobodyElse, folder / name).ok(); }
    test::TempDir folder;
};

TEST_F(OpenAs, OpensWhatTheUserMayReadAndNoMore) {
    EXPECT_TRUE(opens("open"));
    if (geteuid() != 0) GTEST_SKIP() << "only root can take another user's rights";
    EXPECT_FALSE(opens("closed"));
    EXPECT_FALSE(opens("led"));
    EXPECT_TRUE(read_file(folder / "closed", 100)) << "our own rights aren't back";
}

TEST_F(OpenAs, NeverWaitsForAPipe) {
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0666), 0);
    EXPECT_FALSE(opens("pipe"));
    EXPECT_FALSE(opens("."));
    EXPECT_FALSE(opens("none"));
}

TEST_F(OpenAs, ThroughNoLinkOpensOnlyWhatThePathSays) {
    EXPECT_TRUE(open_through_no_link(folder / "closed"));
    EXPECT_FALSE(open_through_no_link(folder / "led"));
    EXPECT_FALSE(open_through_no_link(folder / "here/closed"));
}

}  // namespace
}  // namespace lastgood::sys
