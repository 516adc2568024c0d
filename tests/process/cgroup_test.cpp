#include "lastgood/process/cgroup.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/process/process_tree.h"
#include "lastgood/process/tree_end.h"

namespace lastgood::process {
namespace {

TEST(OwnCgroup, IsThePlaceInTheMountedTree) {
    const std::string mounts =
        "23 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:4 - cgroup2 cgroup2 rw\n";
    EXPECT_EQ(own_cgroup(mounts, "1:cpu:/\n0::/system.slice/lastgood.service\n"),
              "/sys/fs/cgroup/unified/system.slice/lastgood.service");
    EXPECT_EQ(own_cgroup(mounts, "0::/\n"), "/sys/fs/cgroup/unified");
    EXPECT_FALSE(own_cgroup(mounts, "1:cpu:/\n"));
    EXPECT_FALSE(own_cgroup(mounts, "0::/../other\n"));
    EXPECT_FALSE(own_cgroup("23 1 254:0 / / rw - ext4 /dev/vda rw\n", "0::/\n"));
}

TEST(OwnCgroup, AMountThatShowsAPartOfTheTreeIsTakenAtThat) {
    const std::string mounts = "41 31 0:38 /docker/4f2a /sys/fs/c\\040g rw - cgroup2 cgroup rw\n";
    EXPECT_EQ(own_cgroup(mounts, "0::/docker/4f2a/app\n"), "/sys/fs/c g/app");
    EXPECT_EQ(own_cgroup(mounts, "0::/docker/4f2a\n"), "/sys/fs/c g");
    EXPECT_FALSE(own_cgroup(mounts, "0::/docker/4f2ab\n"));
}

class CgroupTest : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = Cgroups::open("test-" + std::to_string(getpid()));
        if (!opened) GTEST_SKIP() << opened.error().text();
        groups_ = std::move(*opened);
    }
    void TearDown() override {
        if (!groups_) return;
        for (const auto& group : groups_->groups()) group.kill();
        groups_->remove();
    }

    // In the group, with nothing else that would tell whose it is.
    sys::Child start(const Cgroup& group, const std::string& script) {
        EXPECT_TRUE(group.create());
        const sys::Fd entrance = group.entrance();
        sys::SpawnSpec spec;
        spec.argv = {"/bin/sh", "-c", script};
        spec.cgroup = entrance.get();
        auto child = sys::spawn(spec);
        EXPECT_TRUE(child);
        return std::move(*child);
    }
    static bool has(const Cgroup& group, pid_t pid) {
        const auto all = group.processes();
        return std::find(all.begin(), all.end(), pid) != all.end();
    }

    std::optional<Cgroups> groups_;
};

TEST_F(CgroupTest, AChildIsInItFromTheStart) {
    const Cgroup group = groups_->group("shop/7/abc");
    EXPECT_TRUE(group.path().ends_with("/shop.7.abc"));
    const sys::Child child = start(group, "exec sleep 1000");
    EXPECT_TRUE(has(group, child.pid));
    ASSERT_EQ(groups_->groups().size(), 1U);
    EXPECT_EQ(groups_->groups()[0].path(), group.path());
    group.remove();  // somebody is in it
    EXPECT_TRUE(sys::exists(group.path()));
    group.kill();
    EXPECT_EQ(waitpid(child.pid, nullptr, 0), child.pid);
    group.remove();
    EXPECT_FALSE(sys::exists(group.path()));
}

// New session, no environment, and an orphan of another process: nothing but the group names it.
TEST_F(CgroupTest, WhoHidesIsFoundAndEnded) {
    const Cgroup group = groups_->group("shop/8/abc");
    adopt_orphans();
    const sys::Child child =
        start(group, "setsid env -i setsid sleep 1000 & env -i sleep 1001 & wait");
    while (group.processes().size() < 3) poll(nullptr, 0, 1);
    const auto before = group.processes();

    sys::EventLoop loop;
    std::optional<bool> nothing_left;
    TreeEnd end(loop, ProcessTree(child.pid, child.start_time, "shop/8/abc", group), {},
                [&](bool result) {
                    nothing_left = result;
                    loop.stop();
                });
    loop.run();
    EXPECT_EQ(nothing_left, true);
    EXPECT_FALSE(sys::exists(group.path()));
    for (const pid_t pid : before) EXPECT_EQ(sys::process_start_time(pid), 0U);
    while (waitpid(-1, nullptr, 0) > 0) continue;
}

TEST_F(CgroupTest, AGroupThatAnEarlierDaemonLeftIsEndedByItsPlaceAlone) {
    const Cgroup group = groups_->group("shop/9/abc");
    const sys::Child child = start(group, "exec sleep 1000");
    sys::EventLoop loop;
    bool nothing_left = false;
    end_leftovers(loop, {.group = group}, {.signal = SIGTERM, .grace = Millis{3000}},
                  [&](bool result) {
                      nothing_left = result;
                      loop.stop();
                  });
    loop.run();
    EXPECT_TRUE(nothing_left);
    int status = 0;
    EXPECT_EQ(waitpid(child.pid, &status, 0), child.pid);
    EXPECT_EQ(sys::describe_wait_status(status), "killed by SIGTERM");
}

TEST_F(CgroupTest, LimitsWithoutTheirControllersDoNothing) {
    const Cgroup group = groups_->group("shop/10/abc");
    const sys::Child child = start(group, "exec sleep 1000");
    group.limit({64U << 20, 50});
    EXPECT_EQ(group.memory_bytes().has_value(), groups_->bounds_memory());
    EXPECT_EQ(group.oom_kills().has_value(), groups_->bounds_memory());
    EXPECT_EQ(sys::exists(group.path() + "/cpu.max"), groups_->bounds_cpu());
    group.kill();
    waitpid(child.pid, nullptr, 0);
}

}  // namespace
}  // namespace lastgood::process
