// What people and programs are shown of a group.
#include "lastgood/fleet/group_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lastgood::fleet::test {
namespace {

using core::GrantOutcome;
using core::HostApp;
using core::HostHealth;
using Json = nlohmann::json;

const AppName kWeb = *AppName::parse("web");

CommitId commit(char digit) {
    return *CommitId::parse(std::string(40, digit));
}
core::HostName host(const std::string& name) {
    return *core::HostName::parse(name);
}

// A group whose wish is the commit of `a`.
core::FleetView view_with(const std::map<std::string, HostApp>& hosts) {
    core::FleetView view;
    core::FleetApp& app = view.apps[kWeb];
    app.wish = core::Kept<core::Wish>{core::Wish{.id = "w", .number = 1, .commit = commit('a')}};
    app.rollout = core::Kept<core::Rollout>{core::Rollout{.wish = "w", .number = 1}};
    for (const auto& [name, one] : hosts) {
        app.hosts[host(name)] = core::Kept<HostApp>{one};
        view.hosts[host(name)] =
            core::Kept<core::HostRecord>{core::HostRecord{{{"zone", "z-" + name}}, "1"}};
    }
    return view;
}

Json overview(const core::FleetView& view, std::size_t bytes_max = 1 << 20) {
    return Json::parse(overview_json({"web", "h1", view}, bytes_max)).at("apps").at(0);
}

TEST(GroupJson, CountsTheHostsThatHaveTheWish) {
    const auto view = view_with({{"a", {.commit = commit('a')}}, {"b", {.commit = commit('b')}}});
    EXPECT_EQ(count_hosts(view.apps.at(kWeb)).there, 1U);
    EXPECT_EQ(count_hosts(view.apps.at(kWeb)).all, 2U);
    const core::FleetApp none{};
    EXPECT_EQ(count_hosts(none).there, 0U);
    // No commit and no wish are not the same commit.
    core::FleetApp fresh;
    fresh.hosts[host("a")] = {};
    EXPECT_EQ(count_hosts(fresh).there, 0U);
}

TEST(GroupJson, SaysWhatStateAndWhy) {
    core::FleetApp app;
    EXPECT_EQ(state_word(app), "-");
    EXPECT_EQ(reason_text(app), "");
    app.good = core::Kept<core::FleetGood>{core::FleetGood{commit('a')}};
    EXPECT_EQ(state_word(app), "done");
    core::Rollout rollout{.wish = "w", .state = core::RolloutState::waves};
    rollout.failures[host("a")] = {true, "crash loop"};
    rollout.failures[host("b")] = {false, "no disk"};
    app.rollout = core::Kept<core::Rollout>{rollout};
    EXPECT_EQ(state_word(app), "waves");
    EXPECT_EQ(reason_text(app), "a: crash loop; b: no disk");
    app.rollout->value.reason = "too many failed";
    EXPECT_EQ(reason_text(app), "too many failed");
    app.paused = core::Kept<core::FleetPause>{core::FleetPause{"ann", {}}};
    EXPECT_EQ(state_word(app), "paused");
    EXPECT_EQ(reason_text(app), "by ann");
}

TEST(GroupJson, ShowsFirstWhoNeedsAttention) {
    HostApp refuses{.commit = commit('a')};
    refuses.refusal = core::Refusal{2, "its operator paused it"};
    const auto view = view_with({{"a", {.commit = commit('a')}},
                                 {"b", {.commit = commit('b')}},
                                 {"c", {.commit = commit('b'), .busy = true}},
                                 {"d", refuses},
                                 {"e", {.commit = commit('a'), .outcome = GrantOutcome::failed}},
                                 {"f", {.commit = commit('a'), .health = HostHealth::down}}});
    std::string order;
    const Json app = overview(view);
    for (const Json& row : app.at("rows")) order += row.at("host").get<std::string>();
    EXPECT_EQ(order, "fdecba");
    EXPECT_EQ(app.at("rows").at(1).at("reason"), "its operator paused it");
    EXPECT_EQ(app.at("rows").at(3).at("busy"), true);
    EXPECT_EQ(app.at("rows").at(5).at("labels").at("zone"), "z-a");
    EXPECT_EQ(app.at("left_out"), 0);
}

TEST(GroupJson, StaysSmallHoweverLargeTheGroup) {
    std::map<std::string, HostApp> hosts;
    HostApp one{.commit = commit('a')};
    one.reason = std::string(10'000, 'x');
    for (int i = 0; i < 3000; ++i) hosts["h" + std::to_string(i)] = one;
    const auto view = view_with(hosts);
    for (const std::size_t bytes : {1'000'000, 20'000, 1'000}) {
        const std::string text = overview_json({"web", "h1", view}, bytes);
        EXPECT_LE(text.size(), bytes);
        const Json app = Json::parse(text).at("apps").at(0);
        EXPECT_EQ(app.at("rows").size() + app.at("left_out").get<std::size_t>(), 3000U);
        EXPECT_EQ(app.at("hosts"), 3000);
    }
    EXPECT_EQ(overview(view).at("rows").size(), 200U);
}

}  // namespace
}  // namespace lastgood::fleet::test
