// Bitbucket Cloud and Data Center, one provider.
#include <gtest/gtest.h>

#include "forge/mac.h"
#include "forge/payloads.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using core::Provider;

const std::string kSecret = "a secret of Bitbucket's";
const std::string kCommit(40, 'b');
const std::string kZeros(40, '0');

Request hook(const std::string& event, const std::string& body) {
    Request request;
    request.body = body;
    request.headers["content-type"] = "application/json; charset=utf-8";
    request.headers["x-event-key"] = event;
    request.headers["x-request-uuid"] = "0b4f2f4e";
    request.headers["x-hook-uuid"] = "the hook's own";
    request.headers["x-hub-signature"] = "sha256=" + hex_encode(hmac_sha256(kSecret, body));
    return request;
}

using Ref = std::pair<std::string, std::string>;
std::vector<Ref> refs(const Expected<Delivery>& delivery) {
    std::vector<Ref> found;
    if (!delivery) return {{"error", delivery.error().text()}};
    for (const auto& update : delivery->updates) {
        found.emplace_back(update.ref, update.after ? update.after->hex() : "gone");
    }
    return found;
}

TEST(Bitbucket, TheRecordedPushesOfCloudAreRead) {
    const std::map<std::string, Ref> recorded = {
        {"bitbucket-push.go-playground.json",
         {"refs/heads/name-of-branch", "709d658dc5b6d6afcd46049c2f332ee3f515a67d"}},
        {"bitbucket-push.go-scm.json",
         {"refs/heads/master", "141977fedf5cf35aa290ac87d4b5177ac4cd9de1"}},
        {"bitbucket-push_branch_create.go-scm.json",
         {"refs/heads/develop", "141977fedf5cf35aa290ac87d4b5177ac4cd9de1"}},
        {"bitbucket-push_branch_delete.go-scm.json", {"refs/heads/develop", "gone"}},
        {"bitbucket-push_tag_create.go-scm.json",
         {"refs/tags/feature/x", "141977fedf5cf35aa290ac87d4b5177ac4cd9de1"}},
    };
    ASSERT_EQ(payloads_that_begin("bitbucket-").size(), recorded.size());
    for (const auto& [name, expected] : recorded) {
        const auto delivery = hook("repo:push", payload(name)).parsed(Provider::bitbucket);
        EXPECT_EQ(refs(delivery), std::vector<Ref>{expected}) << name;
        EXPECT_EQ(delivery->kind, EventKind::push) << name;
        EXPECT_EQ(delivery->id, "0b4f2f4e");
        EXPECT_EQ(delivery->repository_urls.size(), 1U) << name;
    }
}

TEST(Bitbucket, TheRecordedPushesOfDataCenterAreRead) {
    const std::string commit = "823b2230a56056231c9425d63758fa87078a66b4";
    const std::map<std::string, Ref> recorded = {
        {"bitbucketserver-push.go-scm.json", {"refs/heads/master", commit}},
        {"bitbucketserver-push_branch_delete.go-scm.json", {"refs/heads/develop", "gone"}},
        {"bitbucketserver-push_tag_create.go-scm.json", {"refs/tags/v1.1.0", commit}},
        {"bitbucketserver-refs-changed.go-playground.json", {"refs/heads/feature/wip", "gone"}},
    };
    ASSERT_EQ(payloads_that_begin("bitbucketserver-").size(), recorded.size());
    for (const auto& [name, expected] : recorded) {
        Request request = hook("repo:refs_changed", payload(name));
        request.headers.erase("x-request-uuid");
        request.headers["x-request-id"] = "f6266f16";
        const auto delivery = request.parsed(Provider::bitbucket);
        EXPECT_EQ(refs(delivery), std::vector<Ref>{expected}) << name;
        EXPECT_EQ(delivery->id, "f6266f16");
    }
    const auto delivery =
        hook("repo:refs_changed", payload("bitbucketserver-refs-changed.go-playground.json"))
            .parsed(Provider::bitbucket);
    const std::vector<std::string> urls = {
        "ssh://git@server.bitbucket.local:7999/~gopher/webhook-test.git",
        "https://server.bitbucket.local/scm/~gopher/webhook-test.git",
        "https://server.bitbucket.local/users/gopher/repos/webhook-test/browse"};
    EXPECT_EQ(delivery->repository_urls, urls);
}

std::string cloud(const std::string& changes) {
    return R"({"push":{"changes":)" + changes + "}}";
}
std::string side(const std::string& type, const std::string& name) {
    return R"({"type":")" + type + R"(","name":")" + name + R"(","target":{"hash":")" + kCommit +
           "\"}}";
}

TEST(Bitbucket, OnePushMayMoveManyRefs) {
    const std::string body = cloud("[{\"old\":null,\"new\":" + side("branch", "a") +
                                   "},{\"new\":null,\"old\":" + side("branch", "b") +
                                   "},{\"new\":" + side("annotated_tag", "v1") +
                                   "},{\"new\":" + side("named_branch", "c") +
                                   "},{\"new\":" + side("bookmark", "mercurial's") + "}]");
    const std::vector<Ref> expected = {{"refs/heads/a", kCommit},
                                       {"refs/heads/b", "gone"},
                                       {"refs/tags/v1", kCommit},
                                       {"refs/heads/c", kCommit}};
    EXPECT_EQ(refs(hook("repo:push", body).parsed(Provider::bitbucket)), expected);

    std::string many = "[";
    for (int i = 0; i < 1500; ++i) {
        many += (i == 0 ? "{\"new\":" : ",{\"new\":") + side("branch", std::to_string(i)) + "}";
    }
    const auto bounded = hook("repo:push", cloud(many + "]")).parsed(Provider::bitbucket);
    ASSERT_TRUE(bounded);
    EXPECT_EQ(bounded->updates.size(), 1000U);
}

TEST(Bitbucket, AMalformedPushIsAnErrorThatNamesTheField) {
    const std::string target = R"(,"target":{"hash":")" + kCommit + "\"}";
    const std::string right = "{\"new\":" + side("branch", "a") + "}";
    const std::vector<std::pair<std::string, std::string>> table = {
        {"{}", "`push.changes`"},
        {R"({"push":[]})", "`push.changes`"},
        {R"({"push":{"changes":{}}})", "`push.changes`"},
        {cloud("[1]"), "`push.changes[0]`"},
        {cloud("[{}]"), "`push.changes[0]`"},
        {cloud(R"([{"new":null,"old":null}])"), "`push.changes[0]`"},
        {cloud("[" + right + R"(,{"new":{"type":1,"name":"a"}}])"), "`push.changes[1].new.type`"},
        {cloud(R"([{"new":{"type":"branch")" + target + "}}]"), "`push.changes[0].new.name`"},
        {cloud(R"([{"new":{"type":"branch","name":"")" + target + "}}]"),
         "`push.changes[0].new.name`"},
        {cloud(R"([{"new":{"type":"branch","name":"a\n")" + target + "}}]"),
         "`push.changes[0].new.name`"},
        {cloud(R"([{"new":{"type":"branch","name":["a"])" + target + "}}]"),
         "`push.changes[0].new.name`"},
        {cloud(R"([{"new":{"type":"branch","name":"a"}}])"), "`push.changes[0].new.target.hash`"},
        {cloud(R"([{"new":{"type":"branch","name":"a","target":{"hash":"abc"}}}])"),
         "`push.changes[0].new.target.hash`"},
        {cloud(R"([{"new":{"type":"branch","name":"a","name":"b")" + target + "}}]"), "twice"},
        {R"({"push":{"changes":[)" + right + R"(]},"push":{}})", "twice"},
    };
    for (const auto& [body, names] : table) {
        const auto delivery = hook("repo:push", body).parsed(Provider::bitbucket);
        ASSERT_FALSE(delivery) << body;
        EXPECT_NE(delivery.error().text().find(names), std::string::npos)
            << body << ": " << delivery.error().text();
    }
    for (const char* body :
         {"{}", R"({"changes":1})", R"({"changes":[{}]})", R"({"changes":[{"ref":{"id":"main"}}]})",
          R"({"changes":[{"ref":{"id":"refs/heads/a"}}]})",
          R"({"changes":[{"ref":{"id":"refs/heads/a"},"toHash":"a"}]})"}) {
        EXPECT_FALSE(hook("repo:refs_changed", body).parsed(Provider::bitbucket)) << body;
    }
}

TEST(Bitbucket, DataCentersDeletionCountsByItsTypeAndByItsZeros) {
    for (const auto& [hash, type] :
         std::map<std::string, std::string>{{kCommit, "DELETE"}, {kZeros, "UPDATE"}}) {
        const auto delivery =
            hook("repo:refs_changed", R"({"changes":[{"ref":{"id":"refs/heads/a"},"toHash":")" +
                                          hash + R"(","type":")" + type + "\"}]}")
                .parsed(Provider::bitbucket);
        EXPECT_EQ(refs(delivery), (std::vector<Ref>{{"refs/heads/a", "gone"}}));
    }
}

TEST(Bitbucket, TestsAndOtherEventsHaveNoRefs) {
    const auto ping = hook("diagnostics:ping", R"({"test":true})").parsed(Provider::bitbucket);
    ASSERT_TRUE(ping);
    EXPECT_EQ(ping->kind, EventKind::ping);
    for (const char* event : {"repo:fork", "pullrequest:created", "REPO:PUSH"}) {
        const auto other =
            hook(event, payload("bitbucket-push.go-scm.json")).parsed(Provider::bitbucket);
        ASSERT_TRUE(other);
        EXPECT_EQ(other->kind, EventKind::other) << event;
    }
    EXPECT_EQ(hook("repo:push", cloud("[]")).parsed(Provider::bitbucket)->kind, EventKind::other);
}

TEST(Bitbucket, OnlyASha256OverTheRawBodyCounts) {
    Request request = hook("repo:push", payload("bitbucket-push.go-scm.json"));
    EXPECT_TRUE(request.verifies(Provider::bitbucket, {kSecret}));
    EXPECT_TRUE(request.verifies(Provider::bitbucket, {"another", kSecret}));
    EXPECT_TRUE(request.verifies(Provider::bitbucket, {kSecret, "another"}));
    EXPECT_FALSE(request.verifies(Provider::bitbucket, {"another"}));
    std::string& header = request.headers["x-hub-signature"];
    const std::string right = header;
    for (const std::string& wrong :
         {std::string{}, std::string("sha256="), right.substr(7), right.substr(0, 70), right + "0",
          "sha1=" + right.substr(7), "sha1=" + right.substr(7, 40), "SHA256=" + right.substr(7),
          right + "," + right, "sha256=" + hex_encode(hmac_sha256("", request.body))}) {
        header = wrong;
        EXPECT_FALSE(request.verifies(Provider::bitbucket, {kSecret})) << wrong;
        EXPECT_FALSE(request.verifies(Provider::bitbucket, {""})) << wrong;
    }
    header.clear();
    request.headers["x-hub-signature-256"] = right;
    EXPECT_FALSE(request.verifies(Provider::bitbucket, {kSecret})) << "GitHub's header";
}

}  // namespace
}  // namespace lastgood::forge
