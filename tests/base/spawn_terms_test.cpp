// Whom a process runs as, and what it may use.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/spawned.h"
#include "base/temp_dir.h"

namespace lastgood::sys {
namespace {

using namespace test;

TEST(Spawn, SetsWhatAProcessMayUse) {
    SpawnSpec spec =
        shell("umask; ulimit -n; ulimit -Hn; nice; grep NoNewPrivs /proc/self/status | cut -f2");
    spec.umask = 027;
    spec.nofile = 77;
    spec.nice = 7;
    spec.no_new_privileges = true;
    EXPECT_EQ(run(spec).output, "0027\n77\n77\n7\n1\n");
}

// Root by a mount namespace, everybody else with a user namespace around it.
TEST(Spawn, WritesNothingBelowReadOnlyPaths) {
    const TempDir dir;
    for (const char* folder : {"kept", "free"}) {
        ASSERT_TRUE(sys::make_directories(dir / folder));
        chmod((dir / folder).c_str(), 0777);
    }
    chmod(dir.path().c_str(), 0755);
    SpawnSpec spec = shell(
        "exec 2>/dev/null; id -u; touch kept/x && echo written; touch free/$$ && echo free; "
        "umount $PWD/kept && echo undone");
    spec.workdir = dir.path();
    spec.read_only_paths = {dir / "kept"};
    const auto self = [] { return std::to_string(geteuid()) + "\nfree\n"; };
    if (geteuid() == 0) {
        EXPECT_EQ(run(spec).output, self() + "undone\n");  // root can
    }
    EXPECT_TRUE(as_nobody([&] { return run(spec).output == self(); }));
    EXPECT_FALSE(sys::exists(dir / "kept/x"));
}

TEST(Spawn, SaysWhichReadOnlyPathIsNotThere) {
    SpawnSpec spec = shell("exit 0");
    spec.read_only_paths = {"/nonexistent/data"};
    auto child = spawn(spec);
    ASSERT_FALSE(child);
    EXPECT_NE(child.error().text().find("/nonexistent/data"), std::string::npos);
    EXPECT_NE(child.error().text().find("read_only_paths"), std::string::npos);
}

TEST(Spawn, BecomesTheUserWithHisGroupsAndNoOthers) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    SpawnSpec spec = shell("id -u; id -g; id -G");
    spec.identity.emplace();
    spec.identity->uid = 61'234;
    spec.identity->gid = 61'235;
    spec.identity->groups = {61'235, 61'236};
    spec.die_with_parent = true;
    EXPECT_EQ(run(spec).output, "61234\n61235\n61235 61236\n");
    spec = shell("touch /root/lastgood-test");
    spec.identity.emplace();
    spec.identity->uid = spec.identity->gid = 61'234;
    EXPECT_NE(run(spec).status, 0);
}

}  // namespace
}  // namespace lastgood::sys
