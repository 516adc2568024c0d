#include "lastgood/base/sys/open_beneath.h"

#include <fcntl.h>

#include "base/temp_dir.h"

namespace lastgood::sys {
namespace {

using Open = Fd (*)(int, const std::string&, int, mode_t);

class OpenBeneath : public testing::TestWithParam<Open> {
  protected:
    OpenBeneath() {
        EXPECT_TRUE(make_directories(folder / "in/a/b"));
        EXPECT_TRUE(make_directories(folder / "out"));
        test::put(folder / "in/a/b/file", "");
        test::put(folder / "out/secret", "");
        std::filesystem::create_symlink("../out", folder / "in/led");
        std::filesystem::create_symlink("b", folder / "in/a/l");
        root = Fd(open((folder / "in").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    bool opens(const std::string& path, int flags = O_RDONLY) {
        return static_cast<bool>(GetParam()(root.get(), path, flags, 0644));
    }
    test::TempDir folder;
    Fd root;
};

INSTANTIATE_TEST_SUITE_P(By, OpenBeneath, testing::Values(&open_beneath, &open_by_components),
                         [](const auto& tested) {
                             return tested.param == &open_beneath ? "Kernel" : "Components";
                         });

TEST_P(OpenBeneath, FindsWhatIsThereAndMakesFiles) {
    EXPECT_TRUE(opens("."));
    EXPECT_TRUE(opens("a/b/file"));
    EXPECT_TRUE(opens("a/b", O_PATH | O_DIRECTORY));
    EXPECT_TRUE(opens("a/new", O_WRONLY | O_CREAT | O_EXCL));
    EXPECT_FALSE(opens("a/none"));
    EXPECT_FALSE(opens("a/b/file/x"));
}

TEST_P(OpenBeneath, FollowsNoLinkAndLeavesNeverTheFolder) {
    EXPECT_FALSE(opens("led/secret"));
    EXPECT_FALSE(opens("led", O_RDONLY | O_DIRECTORY));
    EXPECT_FALSE(opens("a/l/file"));
    EXPECT_FALSE(opens("../out/secret"));
    EXPECT_FALSE(opens("a/../../out/secret"));
    EXPECT_FALSE(opens("/etc/hosts"));
    EXPECT_FALSE(opens(""));
}

}  // namespace
}  // namespace lastgood::sys
