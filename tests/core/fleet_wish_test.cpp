// Wishes of the fleet in the deployment machine of one host.
#include "core/app_driver.h"

namespace lastgood::core::test {
namespace {

TEST(FleetWish, MeansItsOwnCommitWhateverWaitedBefore) {
    AppDriver app;
    app.bring_to_good(1);
    app.push(3);  // under way, and newer
    EXPECT_TRUE(app.ask(Trigger::fleet, 2).accepted);
    EXPECT_TRUE(app.state.work->request.over.empty());
    app.fetched(3);
    EXPECT_EQ(commit(2), app.state.work->commit);
}

TEST(FleetWish, IsWithdrawnWhileItIsFetchedOrBuilt) {
    for (const bool built : {false, true}) {
        AppDriver app;
        app.bring_to_good(1);
        const auto id = app.ask(Trigger::fleet, 2).deployment;
        if (built) app.fetched(2);
        EXPECT_TRUE(app(WithdrawAsked{id, "the fleet is away"}).accepted);
        EXPECT_TRUE(app.did<CancelWork>());
        EXPECT_EQ(Outcome::cancelled, app.outcome(id.value));
        EXPECT_EQ("the fleet is away", app.reason(id.value));
        EXPECT_FALSE(app.state.work);
        EXPECT_EQ(commit(1), app.state.live);
    }
}

TEST(FleetWish, IsWithdrawnWhileItWaits) {
    AppDriver app;
    app.settings.finish_before_newer = true;
    app.bring_to_good(1);
    app.push(2);
    const auto id = app.ask(Trigger::fleet, 3).deployment;
    ASSERT_TRUE(app.state.waiting);
    EXPECT_TRUE(app(WithdrawAsked{id, "gone"}).accepted);
    EXPECT_FALSE(app.state.waiting);
    EXPECT_TRUE(app.state.work);
}

TEST(FleetWish, IsNotWithdrawnOnceItIsStarted) {
    AppDriver app;
    app.bring_to_good(1);
    const auto id = app.ask(Trigger::fleet, 2).deployment;
    app.fetched(2);
    app.built();
    EXPECT_FALSE(app(WithdrawAsked{id, "gone"}).accepted);
    EXPECT_EQ(Phase::starting, app.state.work->phase);
    EXPECT_FALSE(app(WithdrawAsked{DeploymentId{99}, "gone"}).accepted);
}

}  // namespace
}  // namespace lastgood::core::test
