// Any sender of Standard Webhooks. How it is signed is tested with GitLab's signing tokens, too.
#include <gtest/gtest.h>

#include "forge/payloads.h"
#include "lastgood/forge/sign.h"

namespace lastgood::forge {
namespace {

using core::Provider;

const std::string kCommit(40, 'b');

Request hook(const std::string& body) {
    Request request;
    request.body = body;
    request.headers["content-type"] = "application/json";
    request.headers["webhook-id"] = "msg_1";
    return request;
}

std::string push_fields(const std::string& ref = "refs/heads/main") {
    return R"("ref":")" + ref + R"(","after":")" + kCommit +
           R"(","repository":{"clone_url":"https://a.example/b.git"})";
}

TEST(StandardWebhooks, TheVectorOfTheSpecificationIsVerified) {
    const auto all = vectors("standard-webhooks");
    ASSERT_EQ(all.size(), 1U);
    const auto& vector = all[0];
    Request request = hook(vector.at("body"));
    request.headers["webhook-id"] = vector.at("id");
    request.headers["webhook-timestamp"] = std::to_string(vector.at("timestamp").get<long>());
    request.headers["webhook-signature"] = vector.at("signature");
    const WallTime then = at_second(vector.at("timestamp").get<long>());
    EXPECT_TRUE(request.verifies(Provider::standard, {vector.at("secret")}, then));
    EXPECT_TRUE(request.verifies(Provider::standard, {"whsec_AAAA", vector.at("secret")}, then));
    EXPECT_FALSE(request.verifies(Provider::standard, {"whsec_AAAA"}, then));
    EXPECT_FALSE(request.verifies(Provider::standard, {vector.at("secret")},
                                  then + std::chrono::minutes(6)));
}

TEST(StandardWebhooks, APushStandsBesideTypeOrInData) {
    for (const std::string& body :
         {"{" + push_fields() + "}", R"({"type":"push",)" + push_fields() + "}",
          R"({"type":"push","timestamp":"2026-01-01T00:00:00Z","data":{)" + push_fields() + "}}",
          "{\"data\":{" + push_fields() + "}}",
          R"({"type":"push",)" + push_fields() + R"(,"data":{"ref":1}})"}) {
        const auto delivery = hook(body).parsed(Provider::standard);
        ASSERT_TRUE(delivery) << body << ": " << delivery.error().text();
        EXPECT_EQ(delivery->kind, EventKind::push) << body;
        EXPECT_EQ(delivery->event, "push");
        EXPECT_EQ(delivery->id, "msg_1");
        EXPECT_EQ(delivery->provider, "standard");
        EXPECT_EQ(delivery->updates.at(0).ref, "refs/heads/main");
        EXPECT_EQ(delivery->updates.at(0).after->hex(), kCommit);
        EXPECT_EQ(delivery->repository_urls, std::vector<std::string>{"https://a.example/b.git"});
    }
}

TEST(StandardWebhooks, EveryRecordedPushOfGitHubMayBeSentSo) {
    for (const auto& name : payloads_that_begin("github-push")) {
        const auto delivery = hook(payload(name)).parsed(Provider::standard);
        ASSERT_TRUE(delivery) << name << ": " << delivery.error().text();
        EXPECT_EQ(delivery->updates.size(), 1U) << name;
    }
}

TEST(StandardWebhooks, TheSignedTypeCountsMoreThanTheHeader) {
    Request request = hook("{" + push_fields() + "}");
    request.headers["webhook-event"] = "ping";
    EXPECT_EQ(request.parsed(Provider::standard)->kind, EventKind::ping);
    request.body = R"({"type":"push",)" + push_fields() + "}";
    EXPECT_EQ(request.parsed(Provider::standard)->kind, EventKind::push);
    request.body = R"({"type":"invoice.paid","data":{)" + push_fields() + "}}";
    request.headers["webhook-event"] = "push";
    const auto other = request.parsed(Provider::standard);
    EXPECT_EQ(other->kind, EventKind::other);
    EXPECT_EQ(other->event, "invoice.paid");
    EXPECT_EQ(hook("{}").parsed(Provider::standard)->event, "untyped");
    EXPECT_EQ(hook(R"({"type":null,"data":[]})").parsed(Provider::standard)->event, "untyped");
}

TEST(StandardWebhooks, AMalformedPushIsAnErrorThatNamesTheField) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {"", "JSON"},
        {"[]", "object"},
        {R"({"type":1})", "`type`"},
        {R"({"type":""})", "`type`"},
        {R"({"type":"a\nb"})", "`type`"},
        {R"({"type":"push"})", "`ref`"},
        {R"({"type":"push","data":{}})", "`data.ref`"},
        {R"({"type":"push","data":{"ref":"refs/heads/a","after":1}})", "`data.after`"},
        {R"({"type":"push","data":{"ref":"main"}})", "`data.ref`"},
        {R"({"ref":"refs/heads/a","after":"abc"})", "`after`"},
        {"{\"data\":{" + push_fields() + "},\"data\":1}", "`data` twice"},
    };
    for (const auto& [body, names] : table) {
        const auto delivery = hook(body).parsed(Provider::standard);
        ASSERT_FALSE(delivery) << body;
        EXPECT_NE(delivery.error().text().find(names), std::string::npos)
            << body << ": " << delivery.error().text();
    }
}

}  // namespace
}  // namespace lastgood::forge
