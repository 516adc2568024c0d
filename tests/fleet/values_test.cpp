// The group's values and keys: written and read again they are the same, and what can't be read is
// as if it weren't there.
#include "lastgood/fleet/values.h"

#include <gtest/gtest.h>

#include "fleet/memory.h"
#include "lastgood/fleet/group_view.h"

namespace lastgood::fleet::test {
namespace {

using namespace core;

CommitId commit(char digit) {
    return *CommitId::parse(std::string(40, digit));
}
WallTime at(int minute) {
    return *parse_rfc3339("2026-05-01T12:" + std::to_string(10 + minute) + ":00.123Z");
}
HostName host(const std::string& name) {
    return *HostName::parse(name);
}

template <typename T>
void same(const T& value) {
    const auto again = decode<T>(encode(value));
    ASSERT_TRUE(again.ok()) << encode(value) << " " << again.error().text();
    EXPECT_TRUE(*again == value) << encode(value);
}

HostApp host_app() {
    HostApp app;
    app.commit = commit('a');
    app.state = "probation";
    app.health = HostHealth::failing;
    app.busy = true;
    app.wish = "webhook-1";
    app.granted = commit('b');
    app.outcome = GrantOutcome::bad;
    app.reason = "it said \"no\" and ü";
    app.seen = {7, "webhook-1", commit('b'), at(1)};
    app.refusal = Refusal{kEveryWish, "paused"};
    return app;
}

TEST(Values, AreTheSameWhenReadAgain) {
    same(Proposal{.id = "webhook-1", .trigger = Trigger::webhook, .at = at(0)});
    same(Proposal{"cli-2", Trigger::cli, commit('a'), "refs/heads/main", "ann", true, at(1)});
    same(Wish{"w", 3, commit('a'), Trigger::rollback, "ann", true, at(0), commit('b')});
    same(Wish{.id = "w", .number = 1, .commit = commit('a'), .at = at(0)});
    Rollout rollout{.wish = "w",
                    .number = 3,
                    .state = RolloutState::halted,
                    .epoch = 12345678901,
                    .transaction = "12-3"};
    same(rollout);
    rollout.canaries = {host("b"), host("a")};
    rollout.wave = {host("a"), host("c")};
    rollout.lost = {host("d")};
    rollout.failures[host("e.example.org")] = {true, "it crashed"};
    rollout.failures[host("f")] = {false, ""};
    rollout.reason = "one host failed";
    same(rollout);
    same(FleetGood{commit('a'), at(0), {commit('b'), commit('c')}});
    same(BadCommit{"it crashed", "a", at(0)});
    same(Grant{"w", 3, commit('a'), true, true});
    same(Grant{.wish = "w", .number = 3, .commit = commit('a')});
    same(FleetEntry{"w", commit('a'), Trigger::poll, "", "wish", "why", at(0), at(1)});
    same(FleetEntry{.id = "w", .decision = "stale", .at = at(0)});
    same(FleetPause{"ann", at(0)});
    same(HostRecord{{{"zone", "a"}}, "0.1.0"});
    same(HostApp{});
    same(host_app());
}

TEST(Values, AreReadByAVersionThatKnowsLess) {
    const auto wish =
        decode<Wish>(R"({"id":"w","number":1,"commit":")" + commit('a').hex() +
                     R"(","trigger":"cli","at":"2026-05-01T12:00:00Z","new":{"of":"later"}})");
    ASSERT_TRUE(wish.ok()) << wish.error().text();
    EXPECT_EQ(wish->trigger, Trigger::cli);
}

TEST(Values, ThatAreNoneSayWhy) {
    for (const char* text : {"", "[]", "{}", R"({"commit":3})", R"({"commit":"abc"})",
                             R"({"commit":"HEAD","wish":"w"})"}) {
        const auto grant = decode<Grant>(text);
        ASSERT_FALSE(grant.ok()) << text;
        EXPECT_EQ(grant.error().what.find("a grant can't be read: "), 0U) << grant.error().what;
    }
    EXPECT_FALSE(decode<HostApp>(R"({"state":"x","health":"fine"})").ok());
    EXPECT_FALSE(decode<HostApp>(R"({"state":"x","health":"ok","commit":"x"})").ok());
    EXPECT_FALSE(decode<Rollout>(R"({"state":"waves","wave":["../x"]})").ok());
    EXPECT_FALSE(
        decode<Proposal>(R"({"id":"a/b","trigger":"cli","at":"2026-05-01T12:00:00Z"})").ok());
}

TEST(Values, CutAReasonBetweenCharacters) {
    BadCommit bad{"", "a", at(0)};
    while (bad.reason.size() < 2 * limits::kReasonBytesMax) bad.reason += "ü";
    const auto again = decode<BadCommit>(encode(bad));
    ASSERT_TRUE(again.ok());
    EXPECT_LE(again->reason.size(), limits::kReasonBytesMax);
    EXPECT_EQ(again->reason.size() % 2, 0U);
}

TEST(Values, OfTheHostsMemoryAreTheSameWhenReadAgain) {
    AgentMemory memory{.lease = 77, .apps = {}};
    MemberMemory& one = memory.apps[*AppName::parse("web")];
    one = {.cluster = 14841639068965178418U, .revision = 5};
    one.seen = {3, "w", commit('a'), at(0)};
    one.wish = "w";
    one.granted = commit('a');
    one.order = 4;
    one.outcome = GrantOutcome::failed;
    one.reason = "why";
    one.orders = 2;
    one.refusal = Refusal{3, "by hand"};
    one.quarantine = {commit('b'), commit('c')};
    one.bad_before = {commit('d')};
    one.tried_wish = "d7";
    one.tried = {commit('b'), commit('c')};
    memory.apps[*AppName::parse("api")] = {};
    const auto again = decode_memory(encode(memory));
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_TRUE(*again == memory);
    EXPECT_FALSE(decode_memory("{\"apps\":3}").ok());
}

// ---- the view
KeyValue kv(const std::string& key, const std::string& value, Revision revision = 5,
            core::LeaseId lease = 0) {
    return {"/lastgood/g/" + key, value, revision, revision, 1, lease};
}

TEST(GroupView, HoldsWhatTheKeysSay) {
    const AppName web = *AppName::parse("web");
    GroupView group(group_prefix("g"));
    group.clear(9);
    const auto put = [&group](const std::string& key, const std::string& value,
                              core::LeaseId lease = 0) {
        const auto fault = group.put(kv(key, value, 5, lease));
        EXPECT_FALSE(fault) << fault->text();
    };
    put(wish_key(web), encode(Wish{.id = "w", .number = 1, .commit = commit('a'), .at = at(0)}));
    put(rollout_key(web), encode(Rollout{.wish = "w", .number = 1}));
    put(good_key(web), encode(FleetGood{commit('a'), at(0)}));
    put(paused_key(web), encode(FleetPause{"ann", at(0)}));
    put(quarantine_key(web, commit('b')), encode(BadCommit{"bad", "h", at(0)}));
    put(proposal_key(web, "cli-1"), encode(Proposal{.id = "cli-1", .at = at(0)}));
    put(grant_key(web, host("h")), encode(Grant{"w", 1, commit('a')}), 77);
    put(history_key(web, 12), encode(FleetEntry{.id = "w", .decision = "wish", .at = at(0)}));
    put(host_key(host("h")), encode(HostRecord{{}, "1"}), 77);
    put(host_app_key(host("h"), web), encode(host_app()), 77);
    put(std::string(kElectionKey), "h", 78);
    group.reached(5);

    const FleetApp& app = group.view().apps.at(web);
    EXPECT_EQ(group.view().cluster, 9U);
    EXPECT_EQ(group.view().revision, 5);
    EXPECT_EQ(app.wish->value.id, "w");
    EXPECT_EQ(app.wish->modified, 5);
    EXPECT_EQ(app.grants.at(host("h")).lease, 77);
    EXPECT_EQ(app.history.count(12), 1U);
    EXPECT_EQ(app.proposals.count("cli-1"), 1U);
    EXPECT_EQ(app.quarantine.at(commit('b')).value.reason, "bad");
    EXPECT_TRUE(app.paused && app.good && app.rollout);
    EXPECT_EQ(app.hosts.at(host("h")).value, host_app());
    EXPECT_EQ(group.controller()->value, "h");

    for (const std::string& key :
         {wish_key(web), rollout_key(web), good_key(web), paused_key(web),
          quarantine_key(web, commit('b')), proposal_key(web, "cli-1"), grant_key(web, host("h")),
          history_key(web, 12), host_key(host("h")), host_app_key(host("h"), web),
          std::string(kElectionKey)}) {
        group.remove("/lastgood/g/" + key);
    }
    EXPECT_FALSE(app.wish || app.rollout || app.good || app.paused);
    EXPECT_TRUE(app.quarantine.empty() && app.proposals.empty() && app.grants.empty());
    EXPECT_TRUE(app.history.empty() && app.hosts.empty() && group.view().hosts.empty());
    EXPECT_FALSE(group.controller());
}

TEST(GroupView, TakesAValueThatIsNoneForAMissingOneAndSaysWhich) {
    const AppName web = *AppName::parse("web");
    GroupView group(group_prefix("g"));
    const std::string good =
        encode(Wish{.id = "w", .number = 1, .commit = commit('a'), .at = at(0)});
    EXPECT_FALSE(group.put(kv(wish_key(web), good)));
    const auto fault = group.put(kv(wish_key(web), "rubbish"));
    ASSERT_TRUE(fault);
    EXPECT_NE(fault->what.find("/lastgood/g/apps/web/wish"), std::string::npos);
    EXPECT_FALSE(group.view().apps.at(web).wish);
    EXPECT_TRUE(group.put(kv(proposal_key(web, "a"), encode(Proposal{.id = "b", .at = at(0)}))));
    EXPECT_TRUE(group.view().apps.at(web).proposals.empty());
}

TEST(GroupView, IsWhatTheNewestListSays) {
    const AppName web = *AppName::parse("web");
    GroupView group(group_prefix("g"));
    group.put(kv(paused_key(web), encode(FleetPause{"ann", at(0)})));
    RangeAnswer list{.revision = 8, .cluster = 9};
    list.kvs = {kv(good_key(web), encode(FleetGood{commit('a'), at(0)})),
                kv(wish_key(web), "rubbish")};
    const auto faults = group.read(list);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_NE(faults[0].what.find("apps/web/wish"), std::string::npos);
    EXPECT_FALSE(group.view().apps.at(web).paused);
    EXPECT_TRUE(group.view().apps.at(web).good);
    EXPECT_EQ(group.view().revision, 8);
    EXPECT_EQ(group.view().cluster, 9U);
}

TEST(GroupView, LeavesForeignKeysAlone) {
    GroupView group(group_prefix("g"));
    for (const char* key : {"apps/NOT AN APP/wish", "apps/web", "apps/web/other", "hosts/UPPER",
                            "apps/web/grants/UPPER", "apps/web/quarantine/x", "hosts/h/other/x",
                            "apps/web/history/x", "elsewhere", ""}) {
        EXPECT_FALSE(group.put(kv(key, "rubbish"))) << key;
    }
    EXPECT_FALSE(group.put({"/lastgood/other/apps/web/wish", "rubbish"}));
    EXPECT_TRUE(group.view().hosts.empty());
}

}  // namespace
}  // namespace lastgood::fleet::test
