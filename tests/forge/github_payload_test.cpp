#include <gtest/gtest.h>

#include "forge/payloads.h"

namespace lastgood::forge {
namespace {

using core::Provider;

constexpr const char* kCommit = "199eddf46df50de8d02e99bf1c5fdb4101338224";

Request push(std::string body) {
    Request request;
    request.body = std::move(body);
    request.headers["x-github-event"] = "push";
    request.headers["x-github-delivery"] = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
    request.headers["content-type"] = "application/json";
    return request;
}

std::string json(const std::string& ref, const std::string& after) {
    return R"({"ref":)" + ref + R"(,"after":)" + after + "}";
}
std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

TEST(GitHubPayload, APushSaysWhichRefMovedWhere) {
    const auto delivery = push(payload("github-push.go-scm.json")).parsed(Provider::github);
    ASSERT_TRUE(delivery) << delivery.error().text();
    EXPECT_EQ(delivery->id, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
    EXPECT_EQ(delivery->provider, "github");
    EXPECT_EQ(delivery->event, "push");
    EXPECT_EQ(delivery->kind, EventKind::push);
    EXPECT_EQ(delivery->bytes, payload("github-push.go-scm.json").size());
    ASSERT_EQ(delivery->updates.size(), 1U);
    EXPECT_EQ(delivery->updates[0].ref, "refs/heads/master");
    ASSERT_TRUE(delivery->updates[0].after);
    EXPECT_EQ(delivery->updates[0].after->hex(), kCommit);
}

TEST(GitHubPayload, EveryRecordedPushIsReadAsAGeneralParserReadsIt) {
    const auto names = payloads_that_begin("github-push");
    ASSERT_EQ(names.size(), 13U);
    for (const auto& name : names) {
        const auto whole = nlohmann::json::parse(payload(name));
        const auto delivery = push(payload(name)).parsed(Provider::github);
        ASSERT_TRUE(delivery) << name << ": " << delivery.error().text();
        ASSERT_EQ(delivery->updates.size(), 1U) << name;
        EXPECT_EQ(delivery->updates[0].ref, whole.at("ref").get<std::string>()) << name;
        EXPECT_EQ(delivery->updates[0].after.has_value(), !whole.at("deleted")) << name;
        if (!whole.at("deleted")) {
            EXPECT_EQ(delivery->updates[0].after->hex(), whole.at("after").get<std::string>())
                << name;
        }
    }
}

TEST(GitHubPayload, PingsAndOtherEventsHaveNoRefs) {
    for (const auto& name : payloads_that_begin("github-ping")) {
        Request request = push(payload(name));
        request.headers["x-github-event"] = "ping";
        const auto delivery = request.parsed(Provider::github);
        ASSERT_TRUE(delivery) << name;
        EXPECT_EQ(delivery->kind, EventKind::ping);
        EXPECT_TRUE(delivery->updates.empty());
    }
    for (const char* event : {"create", "pull_request", "PUSH"}) {
        Request request = push(payload("github-delete-event.go-playground.json"));
        request.headers["x-github-event"] = event;
        const auto delivery = request.parsed(Provider::github);
        ASSERT_TRUE(delivery) << event;
        EXPECT_EQ(delivery->kind, EventKind::other) << event;
        EXPECT_EQ(delivery->event, event);
    }
}

TEST(GitHubPayload, ADeleteEventSaysWhichRefIsGone) {
    Request request = push(payload("github-delete-event.go-playground.json"));
    request.headers["x-github-event"] = "delete";
    const auto delivery = request.parsed(Provider::github);
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->event, "delete");
    EXPECT_EQ(delivery->kind, EventKind::push);
    ASSERT_EQ(delivery->updates.size(), 1U);
    EXPECT_EQ(delivery->updates[0].ref, "refs/tags/simple-tag");
    EXPECT_FALSE(delivery->updates[0].after);

    for (const char* body : {"", "{}", R"({"ref":"a"})", R"({"ref":1,"ref_type":"branch"})",
                             R"({"ref":"a","ref_type":"repository"})"}) {
        request.body = body;
        const auto odd = request.parsed(Provider::github);
        ASSERT_TRUE(odd) << body;
        EXPECT_EQ(odd->kind, EventKind::other) << body;
    }
}

TEST(GitHubPayload, AnAnnotatedTagGivesTheCommitAndNotTheTagObject) {
    const std::string object(40, 'a');
    const auto tag = [&](const std::string& ref, const std::string& head) {
        return push(json(quoted(ref), quoted(object) + ",\"head_commit\":" + head))
            .parsed(Provider::github);
    };
    const std::string head = R"({"id":")" + std::string(kCommit) + "\"}";
    EXPECT_EQ(tag("refs/tags/v1", head)->updates.at(0).after->hex(), kCommit);
    EXPECT_EQ(tag("refs/heads/v1", head)->updates.at(0).after->hex(), object);
    for (const char* none : {"null", "{}", "{\"id\":null}"}) {
        EXPECT_EQ(tag("refs/tags/v1", none)->updates.at(0).after->hex(), object) << none;
    }
    const auto odd = tag("refs/tags/v1", "{\"id\":1}");
    ASSERT_FALSE(odd);
    EXPECT_NE(odd.error().text().find("`head_commit.id`"), std::string::npos);
    EXPECT_FALSE(push(json(quoted("refs/tags/v1"),
                           quoted(std::string(40, '0')) + ",\"head_commit\":" + head))
                     .parsed(Provider::github)
                     ->updates.at(0)
                     .after);
}

TEST(GitHubPayload, TheAddressesOfTheRepositoryAreKept) {
    const auto delivery = push(payload("github-push.go-scm.json")).parsed(Provider::github);
    ASSERT_TRUE(delivery);
    const std::vector<std::string> expected = {"https://github.com/Codertocat/Hello-World.git",
                                               "git@github.com:Codertocat/Hello-World.git",
                                               "git://github.com/Codertocat/Hello-World.git",
                                               "https://github.com/Codertocat/Hello-World"};
    EXPECT_EQ(delivery->repository_urls, expected);
    const std::string repository = R"(,"repository":{"clone_url":1,"ssh_url":")" +
                                   std::string(2000, 'a') +
                                   R"(","git_url":"a\nb","html_url":"https://a.example/b"})";
    const auto odd =
        push(json("\"refs/heads/a\"", quoted(kCommit) + repository)).parsed(Provider::github);
    ASSERT_TRUE(odd) << odd.error().text();
    EXPECT_EQ(odd->repository_urls, std::vector<std::string>{"https://a.example/b"});
}

TEST(GitHubPayload, AFormHoldsTheJsonInItsFieldPayload) {
    const std::string encoded = form_encoded(payload("github-push.go-scm.json"));
    for (const std::string& body :
         {"payload=" + encoded, "a=b&payload=" + encoded + "&c", "xpayload=1&payload=" + encoded}) {
        Request request = push(body);
        request.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8";
        const auto delivery = request.parsed(Provider::github);
        ASSERT_TRUE(delivery) << delivery.error().text();
        EXPECT_EQ(delivery->updates.at(0).after->hex(), kCommit);
        EXPECT_EQ(delivery->bytes, body.size());
    }
}

TEST(GitHubPayload, MalformedFormsAreErrors) {
    const std::string encoded = form_encoded(json("\"refs/heads/a\"", quoted(kCommit)));
    for (const std::string& body :
         {std::string{}, std::string("payload"), "other=" + encoded, "payload=" + encoded + "%",
          "payload=" + encoded + "%2", "payload=" + encoded + "%zz",
          "payload=" + encoded + "&payload=" + encoded,
          json("\"refs/heads/a\"", quoted(kCommit))}) {
        Request request = push(body);
        request.headers["content-type"] = "application/x-www-form-urlencoded";
        EXPECT_FALSE(request.parsed(Provider::github)) << body;
    }
}

TEST(GitHubPayload, OtherContentTypesAreErrors) {
    Request request = push(json("\"refs/heads/a\"", quoted(kCommit)));
    request.headers["content-type"] = "Application/JSON; charset=utf-8";
    EXPECT_TRUE(request.parsed(Provider::github));
    request.headers["content-type"] = "text/plain";
    EXPECT_FALSE(request.parsed(Provider::github));
}

struct Malformed {
    std::string body;
    std::string names;  // part of the error
};

TEST(GitHubPayload, AMalformedPushIsAnErrorThatNamesTheField) {
    const std::string ref = "\"refs/heads/a\"";
    const std::vector<Malformed> table = {
        {"", "JSON"},
        {"{", "JSON"},
        {"[]", "object"},
        {"1", "object"},
        {"null", "object"},
        {json(ref, quoted(kCommit)) + "x", "JSON"},
        {json(ref, quoted("\xff\xfe")), "JSON"},
        {"{}", "`ref`"},
        {R"({"after":")" + std::string(kCommit) + "\"}", "`ref`"},
        {json("null", quoted(kCommit)), "`ref`"},
        {json("1", quoted(kCommit)), "`ref`"},
        {json("[\"refs/heads/a\"]", quoted(kCommit)), "`ref`"},
        {json("{\"ref\":\"refs/heads/a\"}", quoted(kCommit)), "`ref`"},
        {json("\"main\"", quoted(kCommit)), "`ref`"},
        {json("\"refs/\"", quoted(kCommit)), "`ref`"},
        {json("\"-refs/heads/a\"", quoted(kCommit)), "`ref`"},
        {json("\"refs/heads/a\\nb\"", quoted(kCommit)), "`ref`"},
        {json("\"refs/heads/a\\u0000\"", quoted(kCommit)), "`ref`"},
        {json(quoted("refs/heads/" + std::string(1100, 'a')), quoted(kCommit)), "`ref`"},
        {json(ref, "null"), "`after`"},
        {json(ref, "true"), "`after`"},
        {json(ref, quoted("")), "`after`"},
        {json(ref, quoted("199eddf")), "`after`"},
        {json(ref, quoted(std::string(39, 'a'))), "`after`"},
        {json(ref, quoted(std::string(41, 'a'))), "`after`"},
        {json(ref, quoted(std::string(39, '0'))), "`after`"},
        {json(ref, quoted(std::string(39, 'a') + "g")), "`after`"},
        {json(ref, quoted("--upload-pack=touch /tmp/x;aaaaaaaaaaaaa")), "`after`"},
        {json(ref, quoted(kCommit) + ",\"deleted\":\"true\""), "`deleted`"},
        {json(ref, quoted(kCommit) + ",\"after\":\"" + std::string(40, 'a') + "\""), "`after`"},
    };
    for (const auto& row : table) {
        const auto delivery = push(row.body).parsed(Provider::github);
        ASSERT_FALSE(delivery) << row.body;
        EXPECT_NE(delivery.error().text().find(row.names), std::string::npos)
            << row.body << ": " << delivery.error().text();
    }
}

TEST(GitHubPayload, ADeletionCountsByItsFlagAndByItsZeros) {
    const std::string ref = "\"refs/heads/a\"";
    for (const std::string& body :
         {json(ref, quoted(std::string(40, '0'))), json(ref, quoted(std::string(64, '0'))),
          json(ref, quoted(kCommit) + ",\"deleted\":true")}) {
        const auto delivery = push(body).parsed(Provider::github);
        ASSERT_TRUE(delivery) << body;
        EXPECT_FALSE(delivery->updates.at(0).after) << body;
    }
}

TEST(GitHubPayload, FieldsOfInnerObjectsAreNotTakenForTheOuterOnes) {
    const std::string inner = R"({"x":{"ref":"refs/heads/evil","after":1},"y":[{"ref":2}],)";
    const auto delivery =
        push(inner + json("\"refs/heads/a\"", quoted(kCommit)).substr(1)).parsed(Provider::github);
    ASSERT_TRUE(delivery) << delivery.error().text();
    EXPECT_EQ(delivery->updates.at(0).ref, "refs/heads/a");
}

TEST(GitHubPayload, NestingIsBounded) {
    const auto nested = [](std::size_t depth) {
        return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "," +
               json("\"refs/heads/a\"", quoted(kCommit)).substr(1);
    };
    EXPECT_TRUE(push(nested(63)).parsed(Provider::github));
    EXPECT_FALSE(push(nested(64)).parsed(Provider::github));
    EXPECT_FALSE(push(nested(5'000'000)).parsed(Provider::github));
    EXPECT_FALSE(push("{\"x\":" + std::string(5'000'000, '[')).parsed(Provider::github));
}

TEST(GitHubPayload, WithoutADeliveryIdOneIsMadeOfTheBody) {
    Request request = push("Hello");
    request.headers["x-github-event"] = "other";
    request.headers.erase("x-github-delivery");
    const auto delivery = request.parsed(Provider::github);
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->id, "sha256:185f8db32271fe25f561a6fc938b2e26");
}

TEST(GitHubPayload, MalformedIdsAndEventsAreErrors) {
    const std::string body = json("\"refs/heads/a\"", quoted(kCommit));
    for (const std::string& id : {std::string(201, 'a'), std::string("a\nb"), std::string(1, '\0'),
                                  std::string("\x7f"), std::string("\xc3\xa4")}) {
        Request request = push(body);
        request.headers["x-github-delivery"] = id;
        EXPECT_FALSE(request.parsed(Provider::github)) << id;
    }
    for (const std::string& event : {std::string{}, std::string(101, 'a'), std::string("a\tb")}) {
        Request request = push(body);
        request.headers["x-github-event"] = event;
        EXPECT_FALSE(request.parsed(Provider::github)) << event;
    }
    Request longest = push(body);
    longest.headers["x-github-delivery"] = std::string(200, 'a');
    EXPECT_TRUE(longest.parsed(Provider::github));
}

TEST(GitHubPayload, EveryTruncationOfAPushIsAnError) {
    const std::string whole = payload("github-push.go-scm.json");
    const std::size_t end = whole.find_last_of('}');
    for (std::size_t size = 0; size <= end; size += 7) {
        EXPECT_FALSE(push(whole.substr(0, size)).parsed(Provider::github)) << size;
    }
}

}  // namespace
}  // namespace lastgood::forge
