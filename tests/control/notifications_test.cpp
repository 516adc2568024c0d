// GET /v1/notifications and GET /v1/fleet.
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "control/fake_target.h"
#include "lastgood/http/client.h"

namespace lastgood::control::test {
namespace {

using Json = nlohmann::json;

http::ClientResponse ask(FakeTarget& target, const std::string& path) {
    const TempFolder folder;
    RunningServer server(folder / "control.sock", target);
    auto answer = http::request(server.path(), "GET", path, {}, Millis(10'000));
    EXPECT_TRUE(answer.ok());
    return answer ? *answer : http::ClientResponse{};
}

TEST(Notifications, ShowWhoIsToldAndWhatWaits) {
    FakeTarget target;
    store::OutboxRow row;
    row.id = "backend.7.failed.18c2f";
    row.app = "backend";
    row.target = "slack";
    row.event = "failed";
    row.message = R"({"secret":"no"})";
    row.tries = 3;
    row.failure = "it answered 503: \xff";
    TargetStatus slack{"backend", "slack", "slack", {"failed"}, {}, row};
    slack.tally.waiting = 1;
    slack.tally.delivered = 2;
    TargetStatus gone{"backend", "email", "", {}, {}, {}};
    gone.tally.last_event = "good";
    gone.tally.last_detail = "it answered 410";
    target.told = {{slack, gone}, {row}};
    const auto answer = ask(target, "/v1/notifications");
    ASSERT_EQ(answer.status, 200) << answer.body;
    const Json all = Json::parse(answer.body);
    EXPECT_EQ(all.at("targets").at(0).at("next").at("tries"), 3);
    EXPECT_TRUE(all.at("targets").at(0).at("last").is_null());
    EXPECT_EQ(all.at("targets").at(1).at("last").at("failure"), "it answered 410");
    EXPECT_EQ(all.at("waiting").at(0).at("id"), row.id);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
}

TEST(Notifications, OfAnAppThatIsNotThereAreNone) {
    FakeTarget target;
    EXPECT_EQ(ask(target, "/v1/notifications?app=nobody").status, 404);
    EXPECT_EQ(ask(target, "/v1/notifications?app=backend").status, 200);
    target.store_broken = true;
    EXPECT_EQ(ask(target, "/v1/notifications").status, 503);
}

TEST(Fleet, IsWhatTheTargetSaysLater) {
    FakeTarget target;
    target.group = std::string(R"({"group":"web"})");
    const auto answer = ask(target, "/v1/fleet");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"group":"web"})");
    target.group = Error{"etcd is away", "wait"};
    const auto refused = ask(target, "/v1/fleet");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(Json::parse(refused.body).at("error"), "etcd is away; wait");
}

}  // namespace
}  // namespace lastgood::control::test
