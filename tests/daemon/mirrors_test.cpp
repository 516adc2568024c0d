#include "daemon/mirrors.h"

#include <gtest/gtest.h>

namespace lastgood::daemon {
namespace {

config::App app(const std::string& name, const std::string& branch) {
    config::App app{.name = *AppName::parse(name)};
    app.repo = "https://git.example.org/shop.git";
    app.followed.branch = branch;
    return app;
}

std::vector<std::string> branches_of(const std::vector<core::Followed>& followed) {
    std::vector<std::string> branches;
    for (const auto& one : followed) branches.push_back(one.branch);
    return branches;
}

// Each app holds the list: with hundreds of one repository each name in it would be there as often
// as there are pairs.
TEST(SharedMirror, HasWhatOthersFollowOnce) {
    config::Config config;
    config.apps = {app("a", "main"), app("b", "main"), app("c", "next"), app("d", "next")};
    config.apps.push_back(app("e", "old"));
    config.apps.back().repo = "https://git.example.org/other.git";
    Mirrors mirrors;
    for (const auto& one : config.apps) mirrors[one.name] = "/state/" + one.repo.substr(28);

    const git::Remote first = remote_of(config, mirrors, config.apps[0]);
    EXPECT_EQ(branches_of(first.others), std::vector<std::string>{"next"});
    EXPECT_EQ(first.owner, "a");
    const git::Remote third = remote_of(config, mirrors, config.apps[2]);
    EXPECT_EQ(branches_of(third.others), std::vector<std::string>{"main"});

    const git::Remote alone = remote_of(config, mirrors, config.apps[4]);
    EXPECT_TRUE(alone.others.empty());
    EXPECT_EQ(alone.owner, "");
}

// What it follows itself isn't another's: its releases' refs are still named after it.
TEST(SharedMirror, HasItsOwnReleasesWhereAllFollowTheSame) {
    config::Config config;
    config.apps = {app("a", "main"), app("b", "main")};
    const Mirrors mirrors = {{config.apps[0].name, "/m"}, {config.apps[1].name, "/m"}};
    const git::Remote remote = remote_of(config, mirrors, config.apps[1]);
    EXPECT_TRUE(remote.others.empty());
    EXPECT_EQ(remote.owner, "b");
}

}  // namespace
}  // namespace lastgood::daemon
