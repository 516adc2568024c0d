// The routes over a real unix socket, with the client that the command line uses.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "control/command_body.h"
#include "control/fake_target.h"
#include "lastgood/base/version.h"
#include "lastgood/http/client.h"

namespace lastgood::control::test {
namespace {

using Json = nlohmann::json;
constexpr Millis kPatience{10'000};

class ControlApi : public testing::Test {
  protected:
    void run() { server_ = std::make_unique<RunningServer>(folder_ / "control.sock", target_); }

    http::ClientResponse ask(const std::string& method, const std::string& path,
                             const std::string& body = {}) {
        if (!server_) run();
        auto answer = http::request(server_->path(), method, path, body, kPatience);
        EXPECT_TRUE(answer.ok());
        return answer ? *answer : http::ClientResponse{};
    }
    Json get(const std::string& path) {
        const auto answer = ask("GET", path);
        EXPECT_EQ(answer.status, 200) << answer.body;
        return Json::parse(answer.body);
    }

    TempFolder folder_;
    FakeTarget target_;
    std::unique_ptr<RunningServer> server_;
};

std::string own_name() {
    return getuid() == 0 ? "ada" : "";
}

TEST_F(ControlApi, ShowsAnAppAsTheContractSays) {
    const Json app = get("/v1/apps").at("apps").at(0);
    EXPECT_EQ(app.at("name"), "backend");
    EXPECT_EQ(app.at("branch"), "main");
    EXPECT_EQ(app.at("state"), "running");
    EXPECT_EQ(app.at("commit"), kCommit);
    EXPECT_EQ(app.at("author"), "Ada <ada@example.org>");
    EXPECT_EQ(app.at("since"), "2026-05-01T12:00:00.000Z");
    EXPECT_EQ(app.at("last_good"), kCommit);
    EXPECT_EQ(app.at("slot"), "blue");
    EXPECT_EQ(app.at("pid"), 4711);
    EXPECT_EQ(app.at("uptime_s"), 7380);
    EXPECT_EQ(app.at("restarts"), 2);
    EXPECT_EQ(app.at("memory_bytes"), 50'540'000);
    EXPECT_EQ(app.at("paused"), false);
    EXPECT_TRUE(app.at("deployment").is_null());
    EXPECT_EQ(get("/v1/apps/backend"), app);
}

TEST_F(ControlApi, ShowsTheDeploymentGoingOnInTheStatus) {
    target_.apps_now[0].deployment = deployment_row(7, "building");
    const Json deployment = get("/v1/apps/backend").at("deployment");
    EXPECT_EQ(deployment.at("id"), 7);
    EXPECT_EQ(deployment.at("commit"), kCommit);
    EXPECT_EQ(deployment.at("trigger"), "cli");
    EXPECT_EQ(deployment.at("phase"), "building");
    EXPECT_EQ(deployment.at("started_at"), "2026-05-01T12:00:00.000Z");
    EXPECT_EQ(deployment.at("outcome"), "");
    EXPECT_TRUE(deployment.at("finished_at").is_null());
}

TEST_F(ControlApi, ShowsHistoryWithThePhasesThatWereReached) {
    target_.rows = {deployment_row(7, "building", "failed", "step 1 exited with status 1")};
    const Json row = get("/v1/history").at("deployments").at(0);
    EXPECT_EQ(row.at("id"), 7);
    EXPECT_EQ(row.at("app"), "backend");
    EXPECT_EQ(row.at("subject"), "Mend the login");
    EXPECT_EQ(row.at("author"), "Ada <ada@example.org>");
    EXPECT_EQ(row.at("outcome"), "failed");
    EXPECT_EQ(row.at("reason"), "step 1 exited with status 1");
    EXPECT_EQ(row.at("delivery"), "");
    EXPECT_EQ(row.at("finished_at"), "2026-05-01T12:01:14.000Z");
    EXPECT_EQ(row.at("phases_ms"), (Json{{"fetching", 84}}));
    EXPECT_EQ(get("/v1/deployments/7"), row);
    EXPECT_EQ(target_.asked().at(0), "history - 20");
}

TEST_F(ControlApi, AsksForAsManyRowsAsWanted) {
    get("/v1/apps/backend/history?n=3");
    get("/v1/deliveries?app=backend&n=1000");
    EXPECT_EQ(target_.asked(),
              (std::vector<std::string>{"history backend 3", "deliveries backend 1000"}));
}

TEST_F(ControlApi, RefusesRowCountsThatAreNone) {
    for (const char* count : {"0", "-1", "1001", "3x", "", "99999999999999999999"}) {
        EXPECT_EQ(ask("GET", std::string("/v1/history?n=") + count).status, 400) << count;
    }
    EXPECT_TRUE(target_.asked().empty());
}

TEST_F(ControlApi, ShowsDeliveriesAndQuarantine) {
    target_.delivery_rows = {{.id = "d-1",
                              .provider = "github",
                              .event = "push",
                              .app = "backend",
                              .ref = "refs/heads/x",
                              .commit = kCommit,
                              .decision = "ignored",
                              .reason = "other branch",
                              .received_at = at("2026-05-01T12:00:00.123Z"),
                              .bytes = 10'512}};
    target_.quarantine_rows = {{.app = "backend",
                                .commit = kCommit,
                                .reason = "not ready",
                                .since = at("2026-05-01T12:00:00.123Z")}};
    EXPECT_EQ(get("/v1/deliveries"), (Json{{"deliveries",
                                            {{{"id", "d-1"},
                                              {"provider", "github"},
                                              {"event", "push"},
                                              {"app", "backend"},
                                              {"ref", "refs/heads/x"},
                                              {"commit", kCommit},
                                              {"decision", "ignored"},
                                              {"reason", "other branch"},
                                              {"received_at", "2026-05-01T12:00:00.123Z"},
                                              {"bytes", 10'512}}}}}));
    target_.sample_rows = {{"backend", at("2026-05-01T12:00:00.123Z"), 50'000'000, 14, 23, 11, 2}};
    EXPECT_EQ(get("/v1/apps/backend/samples"), (Json{{"samples",
                                                      {{{"at", "2026-05-01T12:00:00.123Z"},
                                                        {"memory_bytes", 50'000'000},
                                                        {"cpu_percent", 1.4},
                                                        {"descriptors", 23},
                                                        {"threads", 11},
                                                        {"processes", 2}}}}}));
    EXPECT_EQ(ask("GET", "/v1/apps/nobody/samples").status, 404);
    EXPECT_NE(ask("GET", "/v1/apps/bakcend/samples").body.find("did you mean backend?"),
              std::string::npos);
    EXPECT_EQ(get("/v1/quarantine"), (Json{{"quarantine",
                                            {{{"app", "backend"},
                                              {"commit", kCommit},
                                              {"reason", "not ready"},
                                              {"since", "2026-05-01T12:00:00.123Z"}}}}}));
}

TEST_F(ControlApi, TellsAllThatIsKnownOfADeployment) {
    target_.rows = {deployment_row(7, "building", "failed", "build: step 1 `make` failed")};
    target_.about.moments = {{at("2026-05-01T12:00:00.010Z"), "phase", "fetching"}};
    target_.about.output = {"make: *** \xff"};
    target_.about.log = "/state/deployment-7.log";
    const Json story = get("/v1/deployments/7/story");
    EXPECT_EQ(story.at("deployment").at("help"), "LG-build-failed");
    EXPECT_EQ(story.at("moments").at(0).at("at"), "2026-05-01T12:00:00.010Z");
    EXPECT_EQ(story.at("moments").at(0).at("kind"), "phase");
    EXPECT_EQ(story.at("output").at(0), "make: *** \xef\xbf\xbd");
    EXPECT_EQ(story.at("log"), "/state/deployment-7.log");
    for (const char* name : {"delivery", "next", "quarantine"}) {
        EXPECT_TRUE(story.at(name).is_null()) << name;
    }
    EXPECT_EQ(ask("GET", "/v1/deployments/8/story").status, 404);
    EXPECT_EQ(ask("GET", "/v1/deployments/x/story").status, 400);
    EXPECT_EQ(ask("GET", "/v1/deployments/7/nonsense").status, 404);
    EXPECT_EQ(ask("POST", "/v1/deployments/7/story").status, 405);
}

TEST_F(ControlApi, StaysValidJsonWithForeignBytes) {
    target_.rows = {deployment_row(7, "building", "failed", "bad \xff\x1b[31m \"bytes\"")};
    const Json row = get("/v1/deployments/7");
    EXPECT_EQ(row.at("reason"), "bad \xef\xbf\xbd\x1b[31m \"bytes\"");
}

TEST_F(ControlApi, PassesADeploymentOnAndAnswersItsNumber) {
    target_.next.deployment = {12};
    target_.next.commit = kCommit;
    const auto answer =
        ask("POST", "/v1/apps/backend/deploy", R"({"commit":"3F2A1C0","force":true,"by":"ada"})");
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(Json::parse(answer.body).at("deployment"), 12);
    EXPECT_EQ(Json::parse(answer.body).at("commit"), kCommit);
    const std::string asked = target_.asked().at(0);
    EXPECT_TRUE(asked.starts_with("deploy backend '3f2a1c0' force by ")) << asked;
}

TEST_F(ControlApi, KnowsWhoAsksFromTheSocketAndLetsOnlyRootNameAnother) {
    ask("POST", "/v1/apps/backend/rollback", R"({"by":"ada\u001b[31m"})");
    const std::string asked = target_.asked().at(0);
    if (own_name().empty()) {
        EXPECT_EQ(asked.find("ada"), std::string::npos) << asked;
    } else {
        EXPECT_EQ(asked, "rollback backend '' by ada\\x1b[31m");
    }
}

TEST(OperatorName, IsTheConnectedUsersAndOnlyRootMaySpeakForOthers) {
    EXPECT_EQ(operator_name("unix:0", ""), "root");
    EXPECT_EQ(operator_name("unix:0", "ada"), "ada");
    EXPECT_EQ(operator_name("unix:65534", "ada"), "nobody");
    EXPECT_EQ(operator_name("unix:3999999999", "ada"), "uid 3999999999");
    EXPECT_EQ(operator_name("10.0.0.1", "ada"), "ada");
    EXPECT_EQ(operator_name("10.0.0.1", ""), "someone");
}

TEST_F(ControlApi, CarriesOutEachCommand) {
    for (const char* verb : {"pause", "resume", "start", "stop", "restart"}) {
        EXPECT_EQ(ask("POST", std::string("/v1/apps/backend/") + verb).status, 200) << verb;
    }
    EXPECT_EQ(ask("POST", "/v1/deliveries/redeliver", R"({"id":"d-1"})").status, 200);
    EXPECT_EQ(ask("POST", "/v1/apps/backend/quarantine/release", R"({"commit":"3f2a1c0"})").status,
              200);
    EXPECT_EQ(target_.asked(),
              (std::vector<std::string>{"pause backend", "resume backend", "start backend",
                                        "stop backend", "restart backend", "redeliver d-1",
                                        "release backend 3f2a1c0"}));
}

TEST_F(ControlApi, TurnsEachOutcomeIntoItsStatus) {
    const std::vector<std::pair<Outcome::Kind, int>> expected = {
        {Outcome::Kind::refused, 409},
        {Outcome::Kind::unknown_app, 404},
        {Outcome::Kind::invalid, 400},
        {Outcome::Kind::unavailable, 503},
    };
    run();
    for (const auto& [kind, status] : expected) {
        server_->on_loop([this, outcome = kind](Server&) {
            target_.next.kind = outcome;
            target_.next.reason = "because";
        });
        const auto answer = ask("POST", "/v1/apps/backend/deploy");
        EXPECT_EQ(answer.status, status);
        const Json body = Json::parse(answer.body);
        EXPECT_EQ(body.at("error"), "because");
        EXPECT_EQ(body.value("refused", false), status == 409);
    }
}

TEST_F(ControlApi, RefusesBadBodiesAndTellsWhatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> bad = {
        {"{", "the body must be a JSON object"},
        {"[]", "the body must be a JSON object"},
        {"7", "the body must be a JSON object"},
        {R"({"commit":{"a":{"b":{"c":{"d":1}}}}})", "the body must be a JSON object"},
        {R"({"froce":true})", "unknown field \"froce\""},
        {R"({"to":"3f2a1c0"})", "unknown field \"to\""},
        {R"({"force":"yes"})", "\"force\" must be true or false"},
        {R"({"commit":7})", "\"commit\" must be a commit id in hex"},
        {R"({"commit":"main"})",
         "\"commit\" must be a commit id, or the first 4 or more digits of one"},
        {R"({"commit":"--upload-pack=x"})",
         "\"commit\" must be a commit id, or the first 4 or more digits of one"},
    };
    for (const auto& [body, error] : bad) {
        const auto answer = ask("POST", "/v1/apps/backend/deploy", body);
        EXPECT_EQ(answer.status, 400) << body;
        EXPECT_EQ(Json::parse(answer.body).at("error"), error) << body;
    }
    EXPECT_EQ(ask("POST", "/v1/deliveries/redeliver", "{}").status, 400);
    EXPECT_EQ(ask("POST", "/v1/apps/backend/quarantine/release", "{}").status, 400);
    EXPECT_TRUE(target_.asked().empty());
}

TEST_F(ControlApi, AnswersNotFoundForWhatIsNotThere) {
    for (const char* path :
         {"/", "/v1", "/v1/", "/v2/apps", "/v1/nothing", "/v1/apps/other", "/v1/apps/backend/x",
          "/v1/apps/backend/history/x", "/v1/deployments/7", "/metrics/x",
          "/v1/events?deployment=7", "/v1/apps/other/history"}) {
        EXPECT_EQ(ask("GET", path).status, 404) << path;
    }
    EXPECT_EQ(ask("POST", "/v1/apps/other/deploy").status, 404);
    EXPECT_EQ(ask("POST", "/v1/apps/backend/explode").status, 404);
}

TEST_F(ControlApi, NamesTheMethodThatAPathTakes) {
    EXPECT_EQ(ask("POST", "/v1/apps").status, 405);
    EXPECT_EQ(ask("POST", "/metrics").status, 405);
    EXPECT_EQ(ask("POST", "/v1/apps/backend/history").status, 405);
    EXPECT_EQ(ask("GET", "/v1/apps/backend/deploy").status, 405);
    EXPECT_EQ(ask("GET", "/v1/deliveries/redeliver").status, 405);
    EXPECT_EQ(ask("DELETE", "/v1/apps/backend").status, 405);
    EXPECT_TRUE(target_.asked().empty());
}

TEST_F(ControlApi, SaysUnavailableWhenTheJournalFails) {
    target_.store_broken = true;
    const auto answer = ask("GET", "/v1/history");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(Json::parse(answer.body).at("error"), "the disk is full");
}

TEST_F(ControlApi, TellsHealthAndMetrics) {
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
    EXPECT_EQ(Json::parse(ask("GET", "/v1/version").body).at("version"), program_version());
    const auto metrics = ask("GET", "/metrics");
    EXPECT_EQ(metrics.body, "lastgood_up 1\n");
    EXPECT_TRUE(metrics.content_type.starts_with("text/plain; version=0.0.4"));
    server_->on_loop([this](Server&) { target_.unhealthy = "the disk is full"; });
    const auto health = ask("GET", "/healthz");
    EXPECT_EQ(health.status, 503);
    EXPECT_EQ(Json::parse(health.body).at("error"), "the disk is full");
}

TEST_F(ControlApi, KeepsItsSocketFromOthersAndRemovesItInTheEnd) {
    run();
    const std::string path = server_->path();
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0660U);
    server_.reset();
    EXPECT_FALSE(sys::exists(path));
}

}  // namespace
}  // namespace lastgood::control::test
