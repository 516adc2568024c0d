// What a real receiver process answers to the public.
#include "receiver/running_receiver.h"

namespace lastgood::receiver::test {
namespace {

class Hooks : public RunningReceiver {};

TEST_F(Hooks, ASignedPushIsRecordedAndThenAnswered) {
    start_and_wait();
    const auto answer = exchange(good_push("72d3162e"));
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.body, R"({"delivery":"72d3162e"})");
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].app->str(), "shop");
    EXPECT_EQ(seen[0].sender, "127.0.0.1");
    EXPECT_EQ(seen[0].delivery.id, "72d3162e");
    EXPECT_EQ(seen[0].delivery.provider, "github");
    EXPECT_EQ(seen[0].delivery.kind, forge::EventKind::push);
    EXPECT_EQ(seen[0].delivery.bytes, push_body().size());
    ASSERT_EQ(seen[0].delivery.updates.size(), 1U);
    EXPECT_EQ(seen[0].delivery.updates[0].ref, "refs/heads/main");
    EXPECT_EQ(seen[0].delivery.updates[0].after->hex(), kCommit);
}

TEST_F(Hooks, APingIsHandedOnAsOne) {
    start_and_wait();
    const std::string body = R"({"zen":"Design for failure.","hook_id":1})";
    EXPECT_EQ(exchange(hook_request("shop", body, sign(body), "ping")).status, 202);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].delivery.kind, forge::EventKind::ping);
}

TEST_F(Hooks, AnUnknownAppAndAWrongSignatureGetTheSameBytes) {
    start_and_wait();
    const auto wrong = exchange(hook_request("shop", push_body(), sign(push_body(), "guess")));
    EXPECT_EQ(wrong.status, 401);
    for (const char* app : {"other", "Shop", "shop/", "..%2fshop", "%2e%2e", "shop%20"}) {
        const auto unknown = exchange(hook_request(app, push_body(), sign(push_body())));
        EXPECT_EQ(unknown.head, wrong.head) << app;
        EXPECT_EQ(unknown.body, wrong.body) << app;
    }
    const auto unsigned_one = exchange(http::test::post("/hooks/shop", push_body()));
    EXPECT_EQ(unsigned_one.head + unsigned_one.body, wrong.head + wrong.body);
    EXPECT_TRUE(seen.empty());
    EXPECT_TRUE(turn_until([this] {
        return logged.find("/hooks/shop from 127.0.0.1") != std::string::npos;
    })) << logged;
}

TEST_F(Hooks, NoStrangerReachesTheJsonParser) {
    start_and_wait();
    const std::string body = "{\"ref\":";
    EXPECT_EQ(exchange(hook_request("shop", body, "sha256=00")).status, 401);
    const auto malformed = exchange(hook_request("shop", body, sign(body)));
    EXPECT_EQ(malformed.status, 400);
    EXPECT_TRUE(malformed.body.starts_with("{\"error\":\"")) << malformed.body;
    EXPECT_TRUE(seen.empty());
}

TEST_F(Hooks, OtherPathsAndMethods) {
    start_and_wait();
    const auto status = [this](const std::string& start) {
        return exchange(start + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    };
    EXPECT_EQ(status("GET /").status, 404);
    EXPECT_EQ(status("POST /").status, 404);
    EXPECT_EQ(status("POST /hooks/").status, 404);
    EXPECT_EQ(status("GET /hooksy/shop").status, 404);
    const auto get = status("GET /hooks/shop");
    EXPECT_EQ(get.status, 405);
    EXPECT_NE(get.head.find("Allow: POST\r\n"), std::string::npos);
    const auto post = status("POST /healthz");
    EXPECT_EQ(post.status, 405);
    EXPECT_NE(post.head.find("Allow: GET, HEAD\r\n"), std::string::npos);
}

TEST_F(Hooks, TooLargeABodyIsRefusedBeforeItIsSent) {
    HookSettings small = settings();
    small.max_body = 1000;
    start_and_wait(small);
    EXPECT_EQ(
        exchange("POST /hooks/shop HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n").status,
        413);
}

TEST_F(Hooks, HealthzAsksTheDaemon) {
    HookSettings impatient = settings();
    impatient.answer_max = Millis(100);
    start_and_wait(impatient);
    const std::string ask = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_EQ(exchange(ask).status, 200);
    healthy = false;
    EXPECT_EQ(exchange(ask).status, 503);
    healthy = true;
    EXPECT_EQ(send(ask).get().status, 503) << "the daemon's loop stands still meanwhile";
}

TEST_F(Hooks, ADaemonThatDoesNotAnswerMeansTryAgain) {
    HookSettings impatient = settings();
    impatient.answer_max = Millis(100);
    start_and_wait(impatient);
    const auto answer = send(good_push()).get();
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.head.find("Retry-After: 5\r\n"), std::string::npos);
    EXPECT_EQ(exchange(good_push("d-2")).status, 202) << "a late reply disturbs nobody";
    ASSERT_EQ(seen.size(), 2U);
}

TEST_F(Hooks, WhatComesTogetherIsRecordedTogether) {
    start_and_wait();
    bool first = true;
    before_answers = [&first] {
        // As long as a slow fsync, so that the others gather behind the first.
        if (std::exchange(first, false)) std::this_thread::sleep_for(Millis(300));
    };
    std::vector<std::future<http::test::Answer>> answers;
    for (int i = 0; i < 12; ++i) answers.push_back(send(good_push("d-" + std::to_string(i))));
    ASSERT_TRUE(turn_until([this] { return seen.size() == 12; }));
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(answers[static_cast<std::size_t>(i)].get().body,
                  "{\"delivery\":\"d-" + std::to_string(i) + "\"}")
            << "each gets its own answer";
    }
    EXPECT_LE(batches.size(), 6U);
}

TEST_F(Hooks, TheHookOfAllAppsHasItsOwnSecretAndNamesNoApp) {
    HookSettings shared = settings();
    shared.shared = {config::Provider::github, {"the secret of them all"}};
    start_and_wait(shared);
    const auto to_all = [](const std::string& secret) {
        std::string request = hook_request("shop", push_body(), sign(push_body(), secret));
        request.replace(request.find("/hooks/shop"), 11, "/hooks");
        return request;
    };
    EXPECT_EQ(exchange(to_all(kSecret)).status, 401);
    EXPECT_EQ(exchange(to_all("the secret of them all")).status, 202);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_FALSE(seen[0].app);
}

TEST_F(Hooks, WithoutASecretOfItsOwnThereIsNoHookOfAllApps) {
    start_and_wait();
    EXPECT_EQ(exchange(http::test::post("/hooks", push_body())).status, 401);
    const std::string by_nothing = "X-Hub-Signature-256: " + sign(push_body(), "") + "\r\n";
    EXPECT_EQ(exchange(http::test::post("/hooks", push_body(), by_nothing)).status, 401);
}

TEST_F(Hooks, AnAppMayNameTheNetworksOfItsSender) {
    HookSettings elsewhere = settings();
    elsewhere.apps[0].allow_from = {*Network::parse("192.0.2.0/24")};
    elsewhere.door.trusted_proxies = loopback_networks();
    start_and_wait(elsewhere);
    const auto refused = exchange(good_push());
    EXPECT_EQ(refused.status, 401) << "the same answer as for an app that isn't there";
    // The answer may be there before the receiver's word of it.
    EXPECT_TRUE(turn_until([this] {
        return logged.find("in none of the networks of allow_from") != std::string::npos;
    })) << logged;
    std::string from_there = good_push();
    from_there.insert(from_there.find("Host:"), "X-Forwarded-For: 192.0.2.9\r\n");
    EXPECT_EQ(exchange(from_there).status, 202);
    EXPECT_EQ(seen.at(0).sender, "192.0.2.9");
}

TEST_F(Hooks, ASenderOfRubbishIsBarredAndOthersAreNot) {
    HookSettings strict = settings();
    strict.door = {loopback_networks(), {}, 3};
    start_and_wait(strict);
    const auto from = [](const std::string& who, std::string request) {
        request.insert(request.find("Host:"), "X-Forwarded-For: " + who + "\r\n");
        return request;
    };
    const std::string bad = hook_request("shop", push_body(), "sha256=00");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(exchange(from("203.0.113.9", bad)).status, 401);
    const auto barred = exchange(from("203.0.113.9", good_push()));
    EXPECT_EQ(barred.status, 429);
    EXPECT_NE(barred.head.find("Retry-After: "), std::string::npos);
    EXPECT_EQ(exchange(from("203.0.113.10", good_push())).status, 202);
    EXPECT_EQ(exchange(good_push("d-9")).status, 202) << "the proxy itself";
}

TEST_F(Hooks, ASignedQuestionIsAnsweredWithWhatBecameOfADelivery) {
    start_and_wait();
    const auto ask = [this](const std::string& body, const std::string& secret = kSecret) {
        return exchange(hook_request("shop/status", body, sign(body, secret)));
    };
    const std::string question = R"({"delivery":"d-1"})";
    EXPECT_EQ(ask(question, "guess").status, 401);
    EXPECT_EQ(ask("{}").status, 400);
    EXPECT_EQ(ask(R"({"delivery":7})").status, 400);
    const auto answer = ask(question);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"asked":"d-1"})");
    EXPECT_TRUE(seen.empty()) << "a question is no delivery";
    EXPECT_EQ(exchange(hook_request("other/status", question, sign(question))).status, 401);
}

TEST_F(Hooks, NewSettingsHoldFromTheNextRequestOn) {
    start_and_wait();
    HookSettings changed = settings();
    changed.apps[0].secrets = {"new secret", "newer secret"};
    host->update(changed);
    // Settings and requests come on different ways: until the new ones are there the old hold.
    const std::string by_new = hook_request("shop", push_body(), sign(push_body(), "newer secret"));
    int status = 0;
    for (int i = 0; i < 1000 && status != 202; ++i) status = exchange(by_new).status;
    EXPECT_EQ(status, 202);
    EXPECT_EQ(exchange(good_push()).status, 401);
}

}  // namespace
}  // namespace lastgood::receiver::test
