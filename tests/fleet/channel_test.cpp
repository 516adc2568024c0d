// What the daemon and its agent say to each other arrives as it was said.
#include "lastgood/fleet/channel.h"

#include <gtest/gtest.h>

namespace lastgood::fleet::test {
namespace {

CommitId commit(char digit) {
    return *CommitId::parse(std::string(40, digit));
}
const AppName kWeb = *AppName::parse("web");

template <typename T>
T to_agent(const T& message) {
    const std::string text = encode(ToAgent(message));
    auto read = decode_to_agent(text);
    EXPECT_TRUE(read.ok()) << text << " " << read.error().text();
    EXPECT_EQ(encode(*read), text);
    return std::get<T>(*std::move(read));
}

template <typename T>
T from_agent(const T& message) {
    const std::string text = encode(FromAgent(message));
    auto read = decode_from_agent(text);
    EXPECT_TRUE(read.ok()) << text << " " << read.error().text();
    EXPECT_EQ(encode(*read), text);
    return std::get<T>(*std::move(read));
}

TEST(FleetChannel, BringsTheSettings) {
    AgentSettings settings;
    settings.fleet.endpoints = {"https://a:2379", "https://b:2379"};
    settings.fleet.ca_file = "/ca";
    settings.fleet.user = "host";
    settings.fleet.password = "p\"w";
    settings.fleet.group = "G";
    settings.fleet.host = core::HostName::parse("h1");
    settings.fleet.labels = {{"zone", "a"}};
    settings.fleet.rollout.max_unavailable = {3, std::nullopt};
    settings.fleet.rollout.on_halt = core::OnHalt::hold;
    settings.fleet.rollout.canary_soak = Millis(1234);
    settings.folder = "/var/lib/lastgood/fleet";
    settings.version = "1";
    settings.apps = {{kWeb, {"main", ""}, true}};
    const auto again = to_agent(settings);
    EXPECT_EQ(again.fleet.endpoints, settings.fleet.endpoints);
    EXPECT_EQ(again.fleet.password, "p\"w");
    EXPECT_EQ(again.fleet.host, settings.fleet.host);
    EXPECT_EQ(again.fleet.rollout.max_unavailable, settings.fleet.rollout.max_unavailable);
    EXPECT_EQ(again.fleet.rollout.on_halt, core::OnHalt::hold);
    EXPECT_EQ(again.apps.at(0).followed.branch, "main");
    EXPECT_TRUE(again.apps.at(0).fast_forward_only);
}

TEST(FleetChannel, BringsHowTheGroupIs) {
    EXPECT_EQ(to_agent(GroupAsk{7}).seq, 7U);
    to_agent(Leave{});
    const auto told = from_agent(GroupTold{7, R"({"group":"web"})", {}});
    EXPECT_EQ(told.seq, 7U);
    EXPECT_EQ(told.json, R"({"group":"web"})");
    EXPECT_EQ(from_agent(GroupTold{8, {}, "away \xff"}).why_not, "away \xef\xbf\xbd");
}

TEST(FleetChannel, BringsWhatTheControllerCounts) {
    AgentState state;
    state.connected = state.controls = true;
    state.controller = "h1";
    state.hosts = 3;
    state.apps = {{kWeb, "waves", 3, 2, 1, 0}, {*AppName::parse("api"), "-", 0, 0, 0, 4}};
    EXPECT_EQ(from_agent(state), state);
}

TEST(FleetChannel, BringsHowAnAppIs) {
    core::MemberLocal local{.commit = commit('a'), .proved = true, .state = "running"};
    local.health = core::HostHealth::failing;
    local.paused = true;
    local.operator_did = "ann rolled back here";
    local.orders = 3;
    local.busy = true;
    local.begun = true;
    local.order = 7;
    local.outcome = core::GrantOutcome::bad;
    local.reason = "it crashed";
    const auto again = to_agent(LocalNews{kWeb, local}).local;
    EXPECT_EQ(again.commit, local.commit);
    EXPECT_EQ(again.outcome, local.outcome);
    EXPECT_EQ(again.order, 7U);
    EXPECT_EQ(again.orders, 3U);
}

TEST(FleetChannel, BringsQuestionsAndTheirAnswers) {
    core::Request request{core::Trigger::webhook, commit('a'), "d1", "", false,
                          {{commit('b'), "d0"}}};
    const auto ask = from_agent(FactsAsk{4, {kWeb, request, commit('c')}});
    EXPECT_EQ(ask.question, (core::FleetQuestion{kWeb, request, commit('c')}));

    core::FetchFacts facts;
    facts.tip = commit('a');
    facts.live_known = true;
    facts.standings = {{commit('a'), true, true, true, false, {false, true}, true, true, false},
                       {commit('b'), true, true, true, true, {}, false, false, true}};
    const auto told = to_agent(FactsTold{4, facts});
    ASSERT_TRUE(told.facts);
    EXPECT_EQ(told.facts->tip, commit('a'));
    EXPECT_EQ(told.facts->standings.at(0).ancestor_of, (std::vector<bool>{false, true}));
    EXPECT_TRUE(told.facts->standings.at(1).skip_asked);
    EXPECT_FALSE(told.facts->standings.at(1).paths_changed);
    EXPECT_FALSE(to_agent(FactsTold{5, std::nullopt}).facts);
}

TEST(FleetChannel, BringsOrdersAndWhatBecameOfThem) {
    core::Proposal proposal{.id = "webhook-1", .commit = commit('a'), .at = wall_now()};
    EXPECT_EQ(to_agent(ProposeAsk{9, kWeb, proposal}).proposal, proposal);
    EXPECT_EQ(from_agent(Proposed{9, Proposed::Kind::known, "r"}).kind, Proposed::Kind::known);
    const auto deploy = from_agent(DeployAsk{kWeb, {3, "w", commit('a'), true, true}}).deploy;
    EXPECT_EQ(deploy.order, 3U);
    EXPECT_TRUE(deploy.back && deploy.force);
    EXPECT_EQ(from_agent(WithdrawAsk{kWeb, 3}).order, 3U);
    const AgentState state{true, true, "h1", 12, ""};
    EXPECT_EQ(from_agent(state), state);
    EXPECT_EQ(from_agent(AgentLog{config::LogLevel::warn, "web", "text"}).text, "text");
}

TEST(FleetChannel, RefusesWhatNoneOfTheTwoSays) {
    for (const char* text : {"", "{}", "[]", R"({"type":"x"})", R"({"type":"settings"})",
                             R"({"type":"local","app":"web"})", R"({"type":"propose","seq":-1})",
                             R"({"type":"facts","seq":1,"facts":{"standings":[3]}})"}) {
        EXPECT_FALSE(decode_to_agent(text).ok()) << text;
    }
    for (const char* text :
         {"", "{}", R"({"type":"deploy","app":"web","order":1,"wish":"w","commit":"x"})",
          R"({"type":"log","level":9})", R"({"type":"proposed","kind":"perhaps"})",
          R"({"type":"deploy","app":"../x"})"}) {
        EXPECT_FALSE(decode_from_agent(text).ok()) << text;
    }
}

}  // namespace
}  // namespace lastgood::fleet::test
