// Logs, outputs and crashes over a real unix socket.
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "control/fake_target.h"
#include "control/log_desk.h"
#include "lastgood/http/client.h"

namespace lastgood::control::test {
namespace {

using Json = nlohmann::json;
constexpr Millis kPatience{10'000};

class LogRoutes : public testing::Test {
  protected:
    http::ClientResponse get(const std::string& path) {
        if (!server_) {
            server_ = std::make_unique<RunningServer>(folder_ / "control.sock", target_);
        }
        auto answer = http::request(server_->path(), "GET", path, "", kPatience);
        EXPECT_TRUE(answer.ok());
        return answer ? *answer : http::ClientResponse{};
    }

    TempFolder folder_;
    FakeTarget target_;
    std::unique_ptr<RunningServer> server_;
};

TEST_F(LogRoutes, GiveTheLinesThatAreThere) {
    target_.log_lines = "{\"text\":\"one\"}\n{\"text\":\"two\"}\n";
    const auto answer = get("/v1/apps/backend/logs?n=7&grep=o%2B&level=warn&since=10m");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, R"({"lines":[{"text":"one"},{"text":"two"}]})");
    EXPECT_EQ(target_.asked().back(), "logs backend 7 'o+' level since");
    EXPECT_EQ(Json::parse(get("/v1/logs").body).at("lines").size(), 2);
    EXPECT_EQ(target_.asked().back(), "logs - 100 ''");
}

TEST_F(LogRoutes, FollowAsEvents) {
    target_.log_lines = "{\"text\":\"one\"}\n{\"text\":\"two\"}\n";
    (void)get("/v1/apps");
    std::string text;
    const auto end = http::stream(server_->path(), "/v1/apps/backend/logs?follow=1",
                                  [&text](std::string_view bytes) {
                                      text += bytes;
                                      return true;
                                  });
    ASSERT_TRUE(end.ok());
    EXPECT_EQ(end->status, 200);
    EXPECT_EQ(text, "data: {\"text\":\"one\"}\n\ndata: {\"text\":\"two\"}\n\n");
}

TEST_F(LogRoutes, RefuseWhatMakesNoSenseAndSayWhat) {
    for (const auto& [query, part] : std::vector<std::pair<std::string, std::string>>{
             {"n=0", "n must be"},
             {"n=many", "n must be"},
             {"level=loud", "level must be"},
             {"since=yesterday", "since must be"},
             {"grep=" + std::string(257, 'a'), "grep is longer"}}) {
        const auto answer = get("/v1/logs?" + query);
        EXPECT_EQ(answer.status, 400) << query;
        EXPECT_NE(answer.body.find(part), std::string::npos) << answer.body;
    }
    EXPECT_EQ(get("/v1/apps/nothing/logs").status, 404);
}

TEST_F(LogRoutes, PassOnWhatTheReaderComplainsOf) {
    target_.log_lines = "{\"error\":\"that is no regular expression\"}\n";
    const auto answer = get("/v1/logs?grep=%28");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(Json::parse(answer.body).at("error"), "that is no regular expression");
}

TEST_F(LogRoutes, GiveTheOutputOfADeploymentPieceByPiece) {
    target_.rows = {deployment_row(7, "building")};
    const Json piece = Json::parse(get("/v1/deployments/7/output?from=12").body);
    EXPECT_EQ(piece.at("text"), "npm ci\n");
    EXPECT_EQ(piece.at("next"), 19);
    EXPECT_EQ(piece.at("size"), 7);
    EXPECT_EQ(target_.asked().back(), "output 7 12");
    EXPECT_EQ(get("/v1/deployments/7/output?from=-1").status, 400);
    EXPECT_EQ(get("/v1/deployments/8/output").status, 404);
    EXPECT_EQ(get("/v1/deployments/x/output").status, 400);
}

TEST_F(LogRoutes, GiveTheCrashes) {
    target_.crash_rows = {
        {"backend", kCommit, "blue", "exited with status 3", at("2026-05-01T12:00:00.000Z")}};
    const Json crash = Json::parse(get("/v1/apps/backend/crashes").body).at("crashes").at(0);
    EXPECT_EQ(crash.at("app"), "backend");
    EXPECT_EQ(crash.at("commit"), kCommit);
    EXPECT_EQ(crash.at("slot"), "blue");
    EXPECT_EQ(crash.at("status"), "exited with status 3");
    EXPECT_EQ(crash.at("at"), "2026-05-01T12:00:00.000Z");
    EXPECT_EQ(Json::parse(get("/v1/crashes").body).at("crashes").size(), 1);
}

TEST(LinesResponse, LeavesOutALineWithoutItsEnd) {
    EXPECT_EQ(lines_response("{\"a\":1}\n{\"b\"").body, R"({"lines":[{"a":1}]})");
    EXPECT_EQ(lines_response("").body, R"({"lines":[]})");
}

}  // namespace
}  // namespace lastgood::control::test
