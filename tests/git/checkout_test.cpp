// What a checkout tells of itself.
#include "lastgood/git/checkout.h"

#include "temp_folder.h"

namespace lastgood::git {
namespace {

class CheckoutTest : public testing::Test {
  protected:
    void SetUp() override {
        write_text(folder / "repo/app/run.sh", "#!/bin/sh\n");
        write_text(folder / "repo/app/untracked", "");
        write_text(folder / "repo/README.md", "");
        std::filesystem::permissions(folder / "repo/app/run.sh", std::filesystem::perms(0755));
        git("init -q -b trunk");
    }
    void git(const std::string& arguments) { shell(folder / "repo", "git " + arguments); }
    TempFolder folder;
};

TEST_F(CheckoutTest, TellsBranchOriginAndTheFilesThatGitKnows) {
    git("add README.md app/run.sh");
    git("commit -q -m first");
    git("remote add origin git@example.org:acme/shop.git");
    const auto whole = look_at_checkout(folder / "repo");
    ASSERT_TRUE(whole.ok()) << whole.error().text();
    EXPECT_EQ(whole->top, folder / "repo");
    EXPECT_EQ(whole->root, ".");
    EXPECT_EQ(whole->branch, "trunk");
    EXPECT_EQ(whole->origin, "git@example.org:acme/shop.git");
    EXPECT_TRUE(whole->has_commit);
    ASSERT_EQ(whole->files.size(), 2U);
    EXPECT_EQ(whole->files[1].path, "app/run.sh");
    EXPECT_TRUE(whole->files[1].executable);
    EXPECT_FALSE(whole->files[0].executable);

    const auto part = look_at_checkout(folder / "repo/app/");
    ASSERT_TRUE(part.ok()) << part.error().text();
    EXPECT_EQ(part->root, "app");
    ASSERT_EQ(part->files.size(), 1U);
    EXPECT_EQ(part->files[0].path, "run.sh");

    git("checkout -q --detach");
    EXPECT_EQ(look_at_checkout(folder / "repo")->branch, "");
}

TEST_F(CheckoutTest, WithoutACommitHasABranchAllTheSame) {
    const auto checkout = look_at_checkout(folder / "repo");
    ASSERT_TRUE(checkout.ok()) << checkout.error().text();
    EXPECT_EQ(checkout->branch, "trunk");
    EXPECT_FALSE(checkout->has_commit);
    EXPECT_EQ(checkout->origin, "");
    EXPECT_TRUE(checkout->files.empty());
}

TEST_F(CheckoutTest, SaysWhatIsNone) {
    const auto none = look_at_checkout(folder.path());
    ASSERT_FALSE(none.ok());
    EXPECT_NE(none.error().mend.find("git init"), std::string::npos);
    EXPECT_FALSE(look_at_checkout(folder / "missing").ok());
    git("clone -q --bare . ../bare.git");
    const auto bare = look_at_checkout(folder / "bare.git");
    ASSERT_FALSE(bare.ok());
    EXPECT_NE(bare.error().what.find("bare"), std::string::npos);
}

}  // namespace
}  // namespace lastgood::git
