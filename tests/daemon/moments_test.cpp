#include "daemon/moments.h"

#include "base/temp_dir.h"

#include <gtest/gtest.h>

namespace lastgood::daemon {
namespace {

using lastgood::test::TempDir;

std::vector<std::string> texts(const std::vector<control::Moment>& moments) {
    std::vector<std::string> found;
    for (const auto& moment : moments) found.push_back(moment.kind + " " + moment.text);
    return found;
}

TEST(Moments, AreThoseOfOneDeploymentInTheirOrder) {
    const TempDir folder;
    Moments moments(folder.path());
    moments.add({7}, "phase", "fetching");
    moments.add({77}, "phase", "fetching");
    moments.add({7}, "told", "two\nlines and \"quotes\"");
    moments.add({}, "told", "of no deployment");
    EXPECT_EQ(texts(read_moments(folder.path(), {7})),
              (std::vector<std::string>{"phase fetching", "told two\nlines and \"quotes\""}));
    EXPECT_TRUE(read_moments(folder.path(), {8}).empty());
    EXPECT_TRUE(read_moments(folder / "nowhere", {7}).empty());
}

TEST(Moments, TakeABoundedRoomAndForgetTheOldest) {
    const TempDir folder;
    Moments moments(folder.path());
    const std::string text(1000, 'x');
    for (int id = 1; id <= 2000; ++id) moments.add({id}, "told", text);
    std::uint64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
        bytes += file.file_size();
    }
    EXPECT_LE(bytes, 1100U * 1024);
    EXPECT_TRUE(read_moments(folder.path(), {1}).empty());
    EXPECT_EQ(read_moments(folder.path(), {2000}).size(), 1U);
    EXPECT_EQ(read_moments(folder.path(), {1900}).size(), 1U) << "of the piece before, too";
}

core::AppState state_with(DeploymentId trial, DeploymentId work) {
    core::AppState state;
    const CommitId commit = *CommitId::parse(std::string(40, 'a'));
    state.trial = core::Trial{trial, commit, Slot::green, 0, Millis(0), std::nullopt};
    core::Deployment deployment;
    deployment.id = work;
    deployment.phase = core::Phase::starting;
    state.work = deployment;
    return state;
}

TEST(Moments, NewsOfASlotIsOfWhatIsOnTrialThereOrAboutToBe) {
    const core::AppState state = state_with({7}, {8});
    EXPECT_EQ(deployment_of(core::RunExited{Slot::green, {}, "", "", false}, state).value, 7);
    EXPECT_EQ(deployment_of(core::RunReady{Slot::blue, {}}, state).value, 8);
    EXPECT_EQ(deployment_of(core::TimerFired{core::TimerKind::probation}, state).value, 7);
    EXPECT_EQ(deployment_of(core::TimerFired{core::TimerKind::fetch_retry}, state).value, 8);
    EXPECT_EQ(deployment_of(core::FetchFailed{{9}, "", false}, state).value, 9);
    EXPECT_EQ(deployment_of(core::PauseAsked{}, state).value, 0);
    EXPECT_EQ(deployment_of(core::RunExited{Slot::blue, {}, "", "", false}, core::AppState{}).value,
              0);
}

}  // namespace
}  // namespace lastgood::daemon
