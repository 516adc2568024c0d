#include "fleet/patience.h"

#include <gtest/gtest.h>

namespace lastgood::fleet::test {
namespace {

CommitId commit(char digit) {
    return *CommitId::parse(std::string(40, digit));
}

const core::Grant kGrant{.wish = "w2", .number = 2, .commit = commit('b')};

core::HostApp idle() {
    core::HostApp app{.commit = commit('a'), .state = "running"};
    app.wish = "w1";
    app.granted = commit('a');
    app.outcome = core::GrantOutcome::good;
    app.seen = {1, "w1", commit('a'), {}};
    return app;
}

core::HostApp at_work() {
    core::HostApp app = idle();
    app.state = "building";
    app.busy = true;
    app.wish = kGrant.wish;
    app.granted = kGrant.commit;
    app.outcome = core::GrantOutcome::none;
    app.seen = {2, "w2", commit('b'), {}};
    return app;
}

TEST(Patience, SpreadsWhatEveryHostHasToSayOfANewWish) {
    core::HostApp after = idle();
    after.seen = {2, "w2", commit('b'), {}};
    const auto found = patience(idle(), after, {});
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->any_time);
    EXPECT_LT(Millis(10'000), found->most);
}

TEST(Patience, KeepsTheBeginOfWorkForItsEndIfThatIsNear) {
    const auto found = patience(idle(), at_work(), kGrant);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->any_time);
    EXPECT_GT(Millis(1'000), found->most);
}

TEST(Patience, HasNoneWithTheEndOfWork) {
    core::HostApp good = at_work();
    good.commit = kGrant.commit;
    good.busy = false;
    good.outcome = core::GrantOutcome::good;
    EXPECT_FALSE(patience(idle(), good, kGrant));
    core::HostApp bad = idle();
    bad.wish = kGrant.wish;
    bad.granted = kGrant.commit;
    bad.outcome = core::GrantOutcome::bad;
    EXPECT_FALSE(patience(idle(), bad, kGrant));
}

TEST(Patience, HasNoneWithoutAGrantThatCountsTheHost) {
    EXPECT_FALSE(patience(idle(), at_work(), {}));
    core::Grant other = kGrant;
    other.wish = "w3";
    EXPECT_FALSE(patience(idle(), at_work(), other));
}

TEST(Patience, HasNoneWithWhatUsersFeelOrAnOperatorDid) {
    core::HostApp down = at_work();
    down.health = core::HostHealth::down;
    EXPECT_FALSE(patience(idle(), down, kGrant));
    core::HostApp live = at_work();
    live.commit = kGrant.commit;
    EXPECT_FALSE(patience(idle(), live, kGrant));
    core::HostApp refuses = at_work();
    refuses.refusal = core::Refusal{2, "rolled back on this host"};
    EXPECT_FALSE(patience(idle(), refuses, kGrant));
}

}  // namespace
}  // namespace lastgood::fleet::test
