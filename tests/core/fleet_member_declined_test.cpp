// What was under way when a newer grant is declined.
#include "core/fleet_member_fixture.h"

namespace lastgood::core {
namespace {

TEST_F(FleetMemberTest, ADeclinedGrantEndsWhatAnEarlierOneBuilds) {
    grant("w1", 1, 'b');
    decide();
    begin();
    // The next wish is for the same commit, and both come in one view with its quarantine.
    wish("w2", 2, 'b');
    grant("w2", 2, 'b');
    view.quarantine = {commit('b')};
    declines("commit bbbbbbb is in the fleet's quarantine");
    EXPECT_EQ(acts.withdraw, memory.order);
    end(GrantOutcome::declined, "withdrawn");
    decide();
    EXPECT_FALSE(acts.withdraw);
    EXPECT_EQ(acts.report.outcome, GrantOutcome::declined);
    EXPECT_EQ(acts.report.wish, "w2");
}

TEST_F(FleetMemberTest, ADeclinedGrantOfAnotherCommitEndsItToo) {
    grant("w1", 1, 'b');
    decide();
    begin();
    declines_another();
    EXPECT_EQ(acts.withdraw, memory.order);
}

TEST_F(FleetMemberTest, ADeclinedGrantEndsNothingThatTheDaemonHasNotHeardOf) {
    grant("w1", 1, 'b');
    decide();  // the order is on its way
    ASSERT_NE(local.order, memory.order);
    declines_another();
    EXPECT_FALSE(acts.withdraw);
}

TEST_F(FleetMemberTest, AGrantThatComesBeforeItsWishIsTakenUp) {
    decide();
    grant("w2", 2, 'c');
    decide();
    ASSERT_TRUE(acts.deploy);
    EXPECT_EQ(acts.deploy->commit, commit('c'));
}

TEST_F(FleetMemberTest, ADeclinedGrantLeavesWhatIsBegunAlone) {
    grant("w1", 1, 'b');
    decide();
    begin();
    local.begun = true;
    declines_another();
    EXPECT_FALSE(acts.withdraw);
}

TEST_F(FleetMemberTest, ADeclinedGrantEndsNothingThatIsNotTheFleets) {
    local.paused = true;
    local.busy = true;  // an operator's own
    grant("w1", 1, 'b');
    declines("the app is paused on this host");
    EXPECT_FALSE(acts.withdraw);
}

}  // namespace
}  // namespace lastgood::core
