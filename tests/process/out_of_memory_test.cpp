#include "lastgood/process/out_of_memory.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "lastgood/base/sys/spawn.h"

namespace lastgood::process {
namespace {

int status_of(const std::string& script) {
    sys::SpawnSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    spec.env = {"PATH=/usr/bin:/bin"};
    auto child = sys::spawn(spec);
    EXPECT_TRUE(child);
    int status = 0;
    EXPECT_EQ(waitpid(child->pid, &status, 0), child->pid);
    return status;
}

TEST(OutOfMemory, AKillOfSomebodyElseIsNone) {
    const OutOfMemory memory;
    EXPECT_EQ(memory.told(status_of("kill -KILL $$")), "killed by SIGKILL");
    EXPECT_EQ(memory.told(status_of("exit 3")), "exited with status 3");
}

// A bound of the older kind of cgroup: the kernel kills, and counts, in the same way.
TEST(OutOfMemory, AKillOfTheKernelsIsTold) {
    const std::string group = "/sys/fs/cgroup/memory/lastgood-test-" + std::to_string(getpid());
    if (mkdir(group.c_str(), 0755) != 0) GTEST_SKIP() << "no memory controller to make groups with";
    std::ofstream(group + "/memory.limit_in_bytes") << (16 << 20);
    const OutOfMemory memory;
    const int status =
        status_of("echo $$ >" + group +
                  "/cgroup.procs; exec awk 'BEGIN{s=\"x\"; while (length(s) < 90000000) s = s s}'");
    EXPECT_EQ(memory.told(status).find("killed by SIGKILL (out of memory, it seems"), 0U)
        << memory.told(status);
    rmdir(group.c_str());
}

}  // namespace
}  // namespace lastgood::process
