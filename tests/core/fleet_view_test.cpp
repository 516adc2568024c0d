#include "lastgood/core/fleet_view.h"

#include <gtest/gtest.h>

#include "core/machine_fixture.h"

namespace lastgood::core {
namespace {

TEST(HostName, IsThatOfAHostInLowerCase) {
    EXPECT_EQ(HostName::parse("Web-1.example.COM")->str(), "web-1.example.com");
    EXPECT_TRUE(HostName::parse("1_a"));
    EXPECT_TRUE(HostName::parse(std::string(253, 'a')));
    for (const std::string bad : {"", "-a", ".a", "_a", "a/b", "a b", "a~b", "a%2f", "\xc3\xa4"}) {
        EXPECT_FALSE(HostName::parse(bad)) << bad;
    }
    EXPECT_FALSE(HostName::parse(std::string(254, 'a')));
}

TEST(FleetKeys, AreNamedByAppAndHost) {
    const auto app = *AppName::parse("web");
    const auto host = *HostName::parse("h1");
    EXPECT_EQ(proposal_key(app, "id-1"), "apps/web/proposals/id-1");
    EXPECT_EQ(wish_key(app), "apps/web/wish");
    EXPECT_EQ(rollout_key(app), "apps/web/rollout");
    EXPECT_EQ(good_key(app), "apps/web/good");
    EXPECT_EQ(quarantine_key(app, commit('a')), "apps/web/quarantine/" + std::string(40, 'a'));
    EXPECT_EQ(grant_key(app, host), "apps/web/grants/h1");
    EXPECT_EQ(history_key(app, 42), "apps/web/history/000000000042");
    EXPECT_EQ(history_key(app, 1234567890123), "apps/web/history/1234567890123");
    EXPECT_EQ(paused_key(app), "apps/web/paused");
    EXPECT_EQ(host_key(host), "hosts/h1");
    EXPECT_EQ(host_app_key(host, app), "hosts/h1/apps/web");
}

TEST(FleetWords, AreReadAsTheyAreWritten) {
    for (const auto state :
         {RolloutState::canary, RolloutState::waves, RolloutState::done, RolloutState::halted}) {
        EXPECT_EQ(parse_rollout_state(to_string(state)), state);
    }
    for (const auto health : {HostHealth::ok, HostHealth::failing, HostHealth::down}) {
        EXPECT_EQ(parse_host_health(to_string(health)), health);
    }
    for (const auto outcome : {GrantOutcome::none, GrantOutcome::good, GrantOutcome::bad,
                               GrantOutcome::failed, GrantOutcome::declined}) {
        EXPECT_EQ(parse_grant_outcome(to_string(outcome)), outcome);
    }
    EXPECT_FALSE(parse_rollout_state("soaking"));
    EXPECT_FALSE(parse_host_health(""));
    EXPECT_FALSE(parse_grant_outcome("Good"));
}

}  // namespace
}  // namespace lastgood::core
