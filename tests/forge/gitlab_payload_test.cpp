#include <gtest/gtest.h>

#include "forge/payloads.h"

namespace lastgood::forge {
namespace {

using core::Provider;

const std::string kTagObject(40, 'a');
const std::string kCommit(40, 'b');
const std::string kZeros(40, '0');

Request hook(const std::string& event, std::string body) {
    Request request;
    request.body = std::move(body);
    request.headers["x-gitlab-event"] = event;
    request.headers["webhook-id"] = "f5e5f430";
    request.headers["content-type"] = "application/json";
    return request;
}

std::string tag_push(const std::string& after, const std::string& checkout) {
    return R"({"object_kind":"tag_push","ref":"refs/tags/v1","after":")" + after +
           R"(","checkout_sha":)" + checkout + "}";
}

TEST(GitLabPayload, EveryRecordedHookIsReadAsAGeneralParserReadsIt) {
    const auto names = payloads_that_begin("gitlab-");
    ASSERT_EQ(names.size(), 10U);
    for (const auto& name : names) {
        const auto whole = nlohmann::json::parse(payload(name));
        const bool tag = name.starts_with("gitlab-tag");
        const bool system = name.starts_with("gitlab-system");
        const auto delivery = hook(system ? "System Hook"
                                   : tag  ? "Tag Push Hook"
                                          : "Push Hook",
                                   payload(name))
                                  .parsed(Provider::gitlab);
        ASSERT_TRUE(delivery) << name << ": " << delivery.error().text();
        EXPECT_EQ(delivery->kind, EventKind::push) << name;
        EXPECT_EQ(delivery->provider, "gitlab");
        ASSERT_EQ(delivery->updates.size(), 1U) << name;
        const auto& update = delivery->updates[0];
        EXPECT_EQ(update.ref, whole.at("ref").get<std::string>()) << name;
        EXPECT_EQ(update.after.has_value(), whole.at("after") != kZeros) << name;
        if (update.after) {
            EXPECT_EQ(update.after->hex(), whole.at("checkout_sha").get<std::string>()) << name;
        }
    }
}

TEST(GitLabPayload, AnAnnotatedTagGivesTheCommitAndNotTheTagObject) {
    const auto annotated =
        hook("Tag Push Hook", tag_push(kTagObject, '"' + kCommit + '"')).parsed(Provider::gitlab);
    ASSERT_TRUE(annotated);
    EXPECT_EQ(annotated->updates.at(0).after->hex(), kCommit);
    const auto bare = hook("Tag Push Hook", tag_push(kTagObject, "null")).parsed(Provider::gitlab);
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->updates.at(0).after->hex(), kTagObject);
    const auto deleted = hook("Tag Push Hook", tag_push(kZeros, "null")).parsed(Provider::gitlab);
    ASSERT_TRUE(deleted);
    EXPECT_FALSE(deleted->updates.at(0).after);
}

TEST(GitLabPayload, ABranchPushGoesByAfterAlone) {
    const auto delivery = hook("Push Hook", R"({"ref":"refs/heads/a","after":")" + kCommit +
                                                R"(","checkout_sha":")" + kTagObject + "\"}")
                              .parsed(Provider::gitlab);
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->updates.at(0).after->hex(), kCommit);
}

TEST(GitLabPayload, ASystemHookSaysInItsBodyWhatItIs) {
    const auto push = hook("System Hook", tag_push(kTagObject, '"' + kCommit + '"'))
                          .parsed(Provider::gitlab_token);
    ASSERT_TRUE(push);
    EXPECT_EQ(push->kind, EventKind::push);
    EXPECT_EQ(push->provider, "gitlab-token");
    EXPECT_EQ(push->updates.at(0).after->hex(), kCommit);
    for (const char* body : {R"({"event_name":"project_create"})", "{}",
                             R"({"object_kind":"merge_request","event_name":"push"})"}) {
        const auto other = hook("System Hook", body).parsed(Provider::gitlab);
        ASSERT_TRUE(other) << body;
        EXPECT_EQ(other->kind, EventKind::other) << body;
    }
    EXPECT_FALSE(hook("System Hook", R"({"object_kind":1})").parsed(Provider::gitlab));
}

TEST(GitLabPayload, ASystemHookMayNameManyRefs) {
    const auto update = [](const std::string& ref, const std::string& after) {
        return R"({"before":")" + kZeros + R"(","after":)" + after + R"(,"ref":")" + ref + "\"}";
    };
    const auto hooked = [](const std::string& changes) {
        return hook("System Hook",
                    R"({"event_name":"repository_update","project":{"web_url":"https://a/b"},)"
                    R"("changes":)" +
                        changes + "}")
            .parsed(Provider::gitlab);
    };
    const auto many = hooked("[" + update("refs/heads/a", '"' + kCommit + '"') + "," +
                             update("refs/heads/b", '"' + kZeros + '"') + "]");
    ASSERT_TRUE(many) << many.error().text();
    ASSERT_EQ(many->updates.size(), 2U);
    EXPECT_EQ(many->updates[0].after->hex(), kCommit);
    EXPECT_EQ(many->updates[1].ref, "refs/heads/b");
    EXPECT_FALSE(many->updates[1].after);
    EXPECT_EQ(many->repository_urls, std::vector<std::string>{"https://a/b"});
    EXPECT_EQ(hooked("[]")->kind, EventKind::other);
    for (const auto& [changes, names] :
         std::map<std::string, std::string>{{"null", "`changes`"},
                                            {"1", "`changes`"},
                                            {"[1]", "`changes[0].ref`"},
                                            {"[" + update("refs/heads/a", '"' + kCommit + '"') +
                                                 "," + update("refs/heads/b", "1") + "]",
                                             "`changes[1].after`"}}) {
        const auto odd = hooked(changes);
        ASSERT_FALSE(odd) << changes;
        EXPECT_NE(odd.error().text().find(names), std::string::npos) << odd.error().text();
    }
}

TEST(GitLabPayload, TheAddressesOfTheRepositoryAreKept) {
    const auto delivery =
        hook("Push Hook", payload("gitlab-push.go-scm.json")).parsed(Provider::gitlab);
    ASSERT_TRUE(delivery);
    const std::vector<std::string> expected = {"https://gitlab.com/gitlab-org/hello-world.git",
                                               "git@gitlab.com:gitlab-org/hello-world.git",
                                               "https://gitlab.com/gitlab-org/hello-world"};
    EXPECT_EQ(delivery->repository_urls, expected);
}

TEST(GitLabPayload, OtherHooksHaveNoRefs) {
    for (const char* event : {"Merge Request Hook", "Pipeline Hook", "push hook"}) {
        const auto delivery =
            hook(event, payload("gitlab-push.go-scm.json")).parsed(Provider::gitlab);
        ASSERT_TRUE(delivery);
        EXPECT_EQ(delivery->kind, EventKind::other) << event;
        EXPECT_TRUE(delivery->updates.empty());
    }
}

TEST(GitLabPayload, TheIdIsTheOneThatStaysTheSameForEachTry) {
    Request request = hook("Pipeline Hook", "{}");
    request.headers["idempotency-key"] = "key";
    request.headers["x-gitlab-event-uuid"] = "uuid";
    EXPECT_EQ(request.parsed(Provider::gitlab)->id, "f5e5f430");
    request.headers.erase("webhook-id");
    EXPECT_EQ(request.parsed(Provider::gitlab)->id, "key");
    request.headers.erase("idempotency-key");
    EXPECT_EQ(request.parsed(Provider::gitlab)->id, "uuid");
    request.headers.erase("x-gitlab-event-uuid");
    EXPECT_EQ(request.parsed(Provider::gitlab)->id, "sha256:44136fa355b3678a1146ad16f7e8649e");
}

TEST(GitLabPayload, MalformedPushesAreErrorsThatNameTheField) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {tag_push("abc", "null"), "`after`"},
        {tag_push(kTagObject, "1"), "`checkout_sha`"},
        {tag_push(kTagObject, "\"abc\""), "`checkout_sha`"},
        {R"({"ref":"v1","after":")" + kCommit + "\"}", "`ref`"},
        {R"({"ref":"refs/tags/v1"})", "`after`"},
        {"[]", "object"},
    };
    for (const auto& [body, names] : table) {
        const auto delivery = hook("Tag Push Hook", body).parsed(Provider::gitlab);
        ASSERT_FALSE(delivery) << body;
        EXPECT_NE(delivery.error().text().find(names), std::string::npos)
            << delivery.error().text();
    }
    EXPECT_FALSE(hook("", payload("gitlab-push.go-scm.json")).parsed(Provider::gitlab));
}

}  // namespace
}  // namespace lastgood::forge
