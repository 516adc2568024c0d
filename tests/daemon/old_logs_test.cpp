#include "daemon/old_logs.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "lastgood/base/limits.h"

namespace lastgood::daemon {
namespace {

using Files = std::vector<std::string>;

TEST(OldLogs, TheNewestDeploymentsKeepTheirsByNumber) {
    EXPECT_EQ((Files{"deployment-9.log", "deployment-2.log"}),
              old_deployment_logs({"deployment-9.log", "deployment-100.log", "deployment-2.log",
                                   "deployment-10.log"},
                                  2));
    EXPECT_EQ(Files{}, old_deployment_logs({"deployment-1.log"}, 1));
}

TEST(OldLogs, OtherFilesAreNoneOfThem) {
    EXPECT_EQ(Files{}, old_deployment_logs({"output.log", "deployment-.log", "deployment-x.log",
                                            "deployment-1.log.gz", "deployment-log", "hooks.log"},
                                           0));
}

TEST(OldLogs, AreRemovedFromTheFolder) {
    const test::TempDir logs;
    for (std::int64_t id = 1; id <= static_cast<std::int64_t>(limits::kDeploymentLogsKept) + 3;
         ++id) {
        test::put(logs / ("deployment-" + std::to_string(id) + ".log"), "built\n");
    }
    remove_old_deployment_logs(logs.path());
    EXPECT_EQ(static_cast<std::ptrdiff_t>(limits::kDeploymentLogsKept), logs.entries());
    EXPECT_FALSE(sys::exists(logs / "deployment-3.log"));
    EXPECT_TRUE(sys::exists(logs / "deployment-4.log"));
    remove_old_deployment_logs(logs / "nowhere");
}

TEST(OldLogs, AFullOneOfTheHooksIsSetAside) {
    const test::TempDir logs;
    EXPECT_EQ(logs / "hooks.log", hooks_log(logs.path()));
    test::put(logs / "hooks.log", "short\n");
    hooks_log(logs.path());
    EXPECT_FALSE(sys::exists(logs / "hooks.log.1"));
    std::filesystem::resize_file(logs / "hooks.log", limits::kStepLogBytesMax);
    EXPECT_EQ(logs / "hooks.log", hooks_log(logs.path()));
    EXPECT_FALSE(sys::exists(logs / "hooks.log"));
    EXPECT_TRUE(sys::exists(logs / "hooks.log.1"));
}

}  // namespace
}  // namespace lastgood::daemon
