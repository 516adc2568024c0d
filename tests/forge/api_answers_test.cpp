#include "forge/api_fixture.h"

namespace lastgood::forge::test {
namespace {

using core::Provider;
using namespace std::chrono_literals;

const WallTime kNow = *parse_rfc3339("2026-05-10T12:00:00Z");

Attempt attempt(const std::string& id, const std::string& guid, Millis ago, int code) {
    return {id, guid, "push", kNow - ago, code, ""};
}

std::vector<std::string> ids(const std::vector<Attempt>& attempts) {
    std::vector<std::string> found;
    for (const Attempt& one : attempts) found.push_back(one.id);
    return found;
}

TEST(Undelivered, IsTheNewestAttemptOfWhatNeverArrived) {
    const std::vector<Attempt> log = {
        attempt("9", "late", 1h, 0),    attempt("8", "healed", 2h, 202),
        attempt("7", "twice", 3h, 500), attempt("6", "healed", 4h, 502),
        attempt("5", "twice", 5h, 401), attempt("4", "fine", 6h, 200),
        attempt("3", "once", 71h, 301), attempt("2", "old", 73h, 0),
        attempt("1", "", 1h, 0),
    };
    EXPECT_EQ(ids(undelivered(log, kNow)), (std::vector<std::string>{"3", "7", "9"}));
    EXPECT_TRUE(undelivered({}, kNow).empty());
}

TEST(Undelivered, WhatArrivedOnceIsLeftEvenIfALaterAttemptFailed) {
    EXPECT_TRUE(
        undelivered({attempt("2", "a", 1h, 502), attempt("1", "a", 2h, 202)}, kNow).empty());
}

TEST(Attempts, AreReadWithLargeNumbersAndCursors) {
    const auto api = make_api(place(Provider::github, "git@github.com:a/b.git"), "t");
    const auto page =
        api->read_attempts(answer(200, R"([
        {"id":12345678901234567890,"guid":"g","delivered_at":"2026-05-10T11:00:00Z",
         "redelivery":false,"duration":0.27,"status":"timed out","status_code":0,"event":"push"}])",
                                  {{"link", "<https://x/?cursor=v1_7>; rel=\"next\""}}));
    ASSERT_TRUE(page.ok());
    const Attempt& one = page->attempts.at(0);
    EXPECT_EQ(one.id, "12345678901234567890");
    EXPECT_EQ(kNow - one.at, 1h);
    EXPECT_EQ(one.status, "timed out");
    EXPECT_EQ(page->next, "cursor=v1_7");
}

TEST(HookAddresses, AreComparedAsAddresses) {
    EXPECT_TRUE(same_hook_url("https://Hooks.example.org:443/hooks/a/",
                              "https://hooks.example.org/hooks/a"));
    EXPECT_TRUE(same_hook_url("nonsense", "nonsense"));
    EXPECT_FALSE(same_hook_url("https://a/hooks/a", "http://a/hooks/a"));
    EXPECT_FALSE(same_hook_url("https://a/hooks/a", "https://a/hooks/A"));
    EXPECT_FALSE(same_hook_url("https://a/hooks/a", "https://a/hooks/a?x"));
    EXPECT_FALSE(same_hook_url("x", "y"));
}

Error told(Provider provider, int status, const std::string& body,
           const std::map<std::string, std::string>& headers = {}) {
    return explain(place(provider, "https://git.acme.org/acme/backend.git"),
                   answer(status, body, headers), "backend");
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Refusals, SayWhatTheyMeanAndWhatToDo) {
    const Error unknown = told(Provider::github, 401, R"({"message":"Bad credentials"})");
    EXPECT_TRUE(has(unknown.what, "backend: GitHub doesn't know the token (401: Bad credentials)"));
    EXPECT_TRUE(has(unknown.mend, "Webhooks: read and write"));
    const Error scope = told(Provider::gitlab, 403,
                             R"({"error":"insufficient_scope","error_description":"needs api"})");
    EXPECT_TRUE(has(scope.what, "may not manage the webhooks of acme/backend (403: needs api)"));
    EXPECT_TRUE(has(scope.mend, "scope api"));
    EXPECT_TRUE(has(told(Provider::gitea, 404, "").what, "acme/backend"));
    EXPECT_TRUE(has(told(Provider::gitea, 404, "").mend, "right to administer"));
    const Error there = told(Provider::github, 422,
                             R"({"message":"Validation Failed","errors":[{"resource":"Hook",
                                 "message":"Hook already exists on this repository"}]})");
    EXPECT_TRUE(has(there.what, "Validation Failed: Hook already exists"));
    EXPECT_TRUE(has(there.mend, "lastgood webhook list backend"));
    const Error local = told(Provider::gitlab, 422, R"({"message":"Invalid url given"})");
    EXPECT_TRUE(has(local.mend, "allowed by its administrator"));
    const Error key = told(Provider::gitlab, 400, R"({"message":{"signing_token":["is bad"]}})");
    EXPECT_TRUE(has(key.mend, "32 bytes"));
}

TEST(Refusals, TellALimitFromAMissingRight) {
    const std::map<std::string, std::string> spent = {{"x-ratelimit-remaining", "0"}};
    EXPECT_TRUE(has(told(Provider::github, 403, "", spent).what, "too often"));
    EXPECT_TRUE(has(told(Provider::gitlab, 429, "").what, "too often"));
    EXPECT_TRUE(has(told(Provider::github, 502, "<html>").what, "is in trouble (502)"));
    EXPECT_TRUE(
        has(told(Provider::gitea, 302, "", {{"location", "https://b/"}}).mend, "https://b/"));
    EXPECT_TRUE(has(told(Provider::gitea, 418, "").mend, "--api"));
}

TEST(Refusals, ShowForeignTextSafely) {
    const Error error = told(Provider::github, 401, "{\"message\":\"a\\u001b[31mb\"}");
    EXPECT_FALSE(has(error.what, "\x1b"));
}

}  // namespace
}  // namespace lastgood::forge::test
