#include <gtest/gtest.h>

#include "forge/mac.h"
#include "forge/payloads.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using core::Provider;
using namespace std::chrono_literals;

Request github(const nlohmann::json& vector) {
    Request request;
    request.body = body_of(vector);
    request.headers["x-hub-signature-256"] = vector.at("signature");
    return request;
}

Request gitlab(const nlohmann::json& vector) {
    Request request;
    request.body = body_of(vector);
    request.headers["webhook-id"] = vector.at("id");
    request.headers["webhook-timestamp"] = std::to_string(vector.at("timestamp").get<long>());
    request.headers["webhook-signature"] = vector.at("signature");
    return request;
}

WallTime time_of(const nlohmann::json& vector) {
    return at_second(vector.at("timestamp").get<std::int64_t>());
}

Request signed_gitlab(const std::string& timestamp, std::string_view key) {
    Request request;
    request.body = "{}";
    request.headers["webhook-id"] = "id";
    request.headers["webhook-timestamp"] = timestamp;
    request.headers["webhook-signature"] =
        "v1," + base64_encode(hmac_sha256(key, "id." + timestamp + ".{}"));
    return request;
}

constexpr std::string_view kKey = "a key of thirty-two bytes, or so";
std::string token() {
    return "whsec_" + base64_encode(kKey);
}

TEST(GitHubSignature, TheExampleOfItsDocumentationIsVerified) {
    const auto vector = vectors("github").at(0);
    const std::string header = vector.at("header");
    Request request;
    request.body = vector.at("body");
    request.headers["x-hub-signature-256"] = header.substr(header.find(": ") + 2);
    EXPECT_TRUE(request.verifies(Provider::github, {vector.at("secret")}));
}

TEST(GitHubSignature, TheVectorsAreVerified) {
    const auto all = vectors("X-Hub-Signature-256");
    ASSERT_EQ(all.size(), 4U);
    for (const auto& vector : all) {
        EXPECT_TRUE(github(vector).verifies(Provider::github, {vector.at("secret")}));
    }
}

TEST(GitHubSignature, EitherCaseOfTheHexDigitsCounts) {
    const auto vector = vectors("X-Hub-Signature-256").at(0);
    Request request = github(vector);
    std::string& header = request.headers["x-hub-signature-256"];
    std::transform(header.begin() + 7, header.end(), header.begin() + 7,
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    EXPECT_TRUE(request.verifies(Provider::github, {vector.at("secret")}));
}

TEST(GitHubSignature, AnyOfSeveralSecretsMayHaveSigned) {
    const auto vector = vectors("X-Hub-Signature-256").at(0);
    const std::string secret = vector.at("secret");
    EXPECT_TRUE(github(vector).verifies(Provider::github, {"another secret", secret}));
    EXPECT_TRUE(github(vector).verifies(Provider::github, {secret, "another secret"}));
    EXPECT_FALSE(github(vector).verifies(Provider::github, {"another secret", "a third one"}));
}

TEST(GitHubSignature, EachChangedByteOfTheSignatureIsRefused) {
    const auto vector = vectors("X-Hub-Signature-256").at(0);
    Request request = github(vector);
    std::string& header = request.headers["x-hub-signature-256"];
    for (char& byte : header) {
        const char right = byte;
        for (const char wrong : {static_cast<char>(right ^ 1), 'g', '\0', '\xff'}) {
            byte = wrong;
            EXPECT_FALSE(request.verifies(Provider::github, {vector.at("secret")})) << header;
        }
        byte = right;
    }
    EXPECT_TRUE(request.verifies(Provider::github, {vector.at("secret")}));
}

TEST(GitHubSignature, AChangedBodyIsRefused) {
    const auto vector = vectors("X-Hub-Signature-256").at(0);
    Request request = github(vector);
    request.body.back() = static_cast<char>(request.body.back() ^ 1);
    EXPECT_FALSE(request.verifies(Provider::github, {vector.at("secret")}));
}

TEST(GitHubSignature, MissingShortAndOtherFormsAreRefused) {
    const auto vector = vectors("X-Hub-Signature-256").at(0);
    const std::string right = vector.at("signature");
    Request request = github(vector);
    for (const std::string& wrong :
         {std::string{}, std::string("sha256="), right.substr(7), right.substr(0, 70), right + "0",
          right + " ", " " + right, "SHA256=" + right.substr(7), "sha1=" + right.substr(7),
          right + "," + right}) {
        request.headers["x-hub-signature-256"] = wrong;
        EXPECT_FALSE(request.verifies(Provider::github, {vector.at("secret")})) << wrong;
    }
}

TEST(GitHubSignature, TheOlderHeaderIsNeverLookedAt) {
    const auto vector = vectors("X-Hub-Signature-256").at(0);
    Request request = github(vector);
    request.headers["x-hub-signature"] = request.headers["x-hub-signature-256"];
    request.headers.erase("x-hub-signature-256");
    EXPECT_FALSE(request.verifies(Provider::github, {vector.at("secret")}));
}

TEST(Signature, WithoutSecretsNothingIsVerified) {
    for (const auto& vector : vectors("X-Hub-Signature-256")) {
        EXPECT_FALSE(github(vector).verifies(Provider::github, {}));
    }
    Request bare;
    bare.headers["x-hub-signature-256"] = "sha256=" + hex_encode(hmac_sha256("", ""));
    bare.headers["x-gitlab-token"] = std::string(64, '-');
    EXPECT_FALSE(bare.verifies(Provider::github, {}));
    EXPECT_FALSE(bare.verifies(Provider::github, {""}));
    EXPECT_FALSE(bare.verifies(Provider::gitlab, {}));
    EXPECT_FALSE(bare.verifies(Provider::gitlab_token, {}));
    EXPECT_FALSE(Request{}.verifies(Provider::gitlab_token, {""}));
}

TEST(GitLabSignature, TheVectorsAreVerified) {
    auto all = vectors("gitlab-signing-token");
    ASSERT_EQ(all.size(), 3U);
    all.push_back(vectors("standard-webhooks").at(0));
    for (const auto& vector : all) {
        EXPECT_TRUE(
            gitlab(vector).verifies(Provider::gitlab, {vector.at("secret")}, time_of(vector)));
    }
}

TEST(GitLabSignature, EachChangedByteOfTheSignatureIsRefused) {
    const auto vector = vectors("gitlab-signing-token").at(0);
    Request request = gitlab(vector);
    std::string& header = request.headers["webhook-signature"];
    for (char& byte : header) {
        const char right = byte;
        for (int bit = 0; bit < 8; ++bit) {
            byte = static_cast<char>(right ^ (1 << bit));
            EXPECT_FALSE(request.verifies(Provider::gitlab, {vector.at("secret")}, time_of(vector)))
                << header;
        }
        byte = right;
    }
    EXPECT_TRUE(request.verifies(Provider::gitlab, {vector.at("secret")}, time_of(vector)));
}

TEST(GitLabSignature, IdTimestampAndBodyAreSigned) {
    const auto vector = vectors("gitlab-signing-token").at(0);
    for (const char* header : {"webhook-id", "webhook-timestamp"}) {
        Request request = gitlab(vector);
        request.headers[header].back() = static_cast<char>(request.headers[header].back() ^ 1);
        EXPECT_FALSE(request.verifies(Provider::gitlab, {vector.at("secret")}, time_of(vector)));
        request.headers.erase(header);
        EXPECT_FALSE(request.verifies(Provider::gitlab, {vector.at("secret")}, time_of(vector)));
    }
    Request request = gitlab(vector);
    request.body += " ";
    EXPECT_FALSE(request.verifies(Provider::gitlab, {vector.at("secret")}, time_of(vector)));
}

TEST(GitLabSignature, OneOfSeveralListedMayMatch) {
    Request request = signed_gitlab("1000000", kKey);
    const std::string right = request.headers["webhook-signature"];
    const std::string other = "v1," + base64_encode(hmac_sha256("other", "x"));
    for (const std::string& listed :
         {other + " " + right, right + " " + other, "v1a,xyz " + right, right + " "}) {
        request.headers["webhook-signature"] = listed;
        EXPECT_TRUE(request.verifies(Provider::gitlab, {token()}, at_second(1000000))) << listed;
    }
    for (const std::string& listed :
         {std::string{}, other, right + "," + right, "v2" + right.substr(2), right.substr(3)}) {
        request.headers["webhook-signature"] = listed;
        EXPECT_FALSE(request.verifies(Provider::gitlab, {token()}, at_second(1000000))) << listed;
    }
}

TEST(GitLabSignature, AListBeyondTheLimitIsRefused) {
    Request request = signed_gitlab("1000000", kKey);
    std::string& header = request.headers["webhook-signature"];
    const std::string right = header;
    for (int i = 0; i < 20; ++i) header += " " + right;
    EXPECT_FALSE(request.verifies(Provider::gitlab, {token()}, at_second(1000000)));
}

TEST(GitLabSignature, CountsFiveMinutesEitherWay) {
    const Request request = signed_gitlab("1000000", kKey);
    const WallTime sent = at_second(1000000);
    EXPECT_TRUE(request.verifies(Provider::gitlab, {token()}, sent + 5min));
    EXPECT_TRUE(request.verifies(Provider::gitlab, {token()}, sent - 5min));
    EXPECT_FALSE(request.verifies(Provider::gitlab, {token()}, sent + 5min + 1ms));
    EXPECT_FALSE(request.verifies(Provider::gitlab, {token()}, sent - 5min - 1ms));
}

TEST(GitLabSignature, TimestampsOtherThanPlainDigitsAreRefused) {
    for (const char* timestamp : {"", "+1000000", " 1000000", "1000000 ", "1000000.0", "1e6",
                                  "0xf4240", "-1", "99999999999999999999999"}) {
        EXPECT_FALSE(signed_gitlab(timestamp, kKey)
                         .verifies(Provider::gitlab, {token()}, at_second(1000000)))
            << timestamp;
    }
}

TEST(GitLabSignature, ASecretThatIsNoSigningTokenVerifiesNothing) {
    const Request request = signed_gitlab("1000000", "");
    for (const char* secret : {"", "whsec_", "plain", "whsec_!!!"}) {
        EXPECT_FALSE(request.verifies(Provider::gitlab, {secret}, at_second(1000000))) << secret;
    }
}

TEST(GitLabToken, IsTheWholeSecretAndNothingElse) {
    const std::vector<std::string> secrets = {"the first secret", "the second secret"};
    for (const char* right : {"the first secret", "the second secret"}) {
        Request request;
        request.headers["x-gitlab-token"] = right;
        EXPECT_TRUE(request.verifies(Provider::gitlab_token, secrets));
    }
    for (const char* wrong :
         {"", "the first", "the first secret ", "The first secret", "the first secret1"}) {
        Request request;
        request.headers["x-gitlab-token"] = wrong;
        EXPECT_FALSE(request.verifies(Provider::gitlab_token, secrets)) << wrong;
    }
}

TEST(GitLabToken, CountsOnlyForItsOwnProvider) {
    Request request;
    request.headers["x-gitlab-token"] = token();
    EXPECT_TRUE(request.verifies(Provider::gitlab_token, {token()}));
    EXPECT_FALSE(request.verifies(Provider::gitlab, {token()}));
    EXPECT_FALSE(request.verifies(Provider::github, {token()}));
}

}  // namespace
}  // namespace lastgood::forge
