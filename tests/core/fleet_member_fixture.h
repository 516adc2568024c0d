// Drives one host of a fleet by hand: what etcd holds for it, and what its daemon says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/machine_fixture.h"
#include "lastgood/core/fleet_member.h"

namespace lastgood::core {

// One host that has `a`; the fleet's first wish is `b`.
class FleetMemberTest : public testing::Test {
  protected:
    FleetMemberTest() {
        view.current = true;
        view.cluster = 7;
        view.revision = 100;
        local.commit = commit('a');
        local.proved = true;
        local.state = "running";
        wish("w1", 1, 'b');
    }

    void wish(const std::string& id, std::int64_t number, char letter) {
        view.wish = Wish{.id = id, .number = number, .commit = commit(letter)};
    }
    void grant(const std::string& id, std::int64_t number, char letter) {
        view.grant = Grant{id, number, commit(letter), false, false};
    }
    const MemberActs& decide() {
        acts = decide_member(view, local, memory);
        memory = acts.memory;
        return acts;
    }
    // It is deployed, as the daemon tells it.
    void begin() {
        ASSERT_TRUE(acts.deploy);
        local.order = acts.deploy->order;
        local.outcome = GrantOutcome::none;
        local.busy = true;
        local.begun = false;
    }
    void end(GrantOutcome outcome, const std::string& reason = {}) {
        if (outcome == GrantOutcome::good) local.commit = memory.granted;
        local.busy = local.begun = false;
        local.outcome = outcome;
        local.reason = reason;
    }
    void declines(const std::string& reason) {
        decide();
        EXPECT_FALSE(acts.deploy);
        EXPECT_EQ(acts.report.outcome, GrantOutcome::declined);
        EXPECT_EQ(acts.report.reason, reason);
    }

    // The next wish is for another commit, and the app is paused here.
    void declines_another() {
        wish("w2", 2, 'c');
        grant("w2", 2, 'c');
        local.paused = true;
        declines("the app is paused on this host");
    }

    MemberView view;
    MemberLocal local;
    MemberMemory memory;
    MemberActs acts;
};

}  // namespace lastgood::core
