// Gitea, Forgejo and Gogs.
#include <gtest/gtest.h>

#include "forge/mac.h"
#include "forge/payloads.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using core::Provider;

const std::string kSecret = "a secret of the forge";

struct Forge {
    Provider provider;
    std::string name;  // in the headers, lower-case
};
const std::vector<Forge> kForges = {
    {Provider::gitea, "gitea"}, {Provider::forgejo, "forgejo"}, {Provider::gogs, "gogs"}};

Request hook(const Forge& forge, const std::string& json, const std::string& event = "push") {
    Request request;
    request.body = json;
    request.headers["content-type"] = "application/json";
    request.headers["x-" + forge.name + "-event"] = event;
    request.headers["x-" + forge.name + "-delivery"] = "f6266f16-1bf3-46a5-9ea4-602e06ead473";
    request.headers["x-" + forge.name + "-signature"] = hex_encode(hmac_sha256(kSecret, json));
    return request;
}

Request as_form(Request request) {
    request.headers["content-type"] = "application/x-www-form-urlencoded";
    request.body = "payload=" + form_encoded(request.body);
    return request;
}

const std::string kPush =
    R"({"ref":"refs/heads/main","after":"4522cbcefc20728a5b72b3a86af35e608622c514"})";

TEST(Gitea, EveryRecordedPushIsReadAsAGeneralParserReadsIt) {
    for (const auto& forge : kForges) {
        auto names = payloads_that_begin("gitea-");
        const auto gogs = payloads_that_begin("gogs-");
        names.insert(names.end(), gogs.begin(), gogs.end());
        ASSERT_EQ(names.size(), 4U);
        for (const auto& name : names) {
            const auto whole = nlohmann::json::parse(payload(name));
            const Request json = hook(forge, payload(name));
            for (const Request& request : {json, as_form(json)}) {
                EXPECT_TRUE(request.verifies(forge.provider, {"another one", kSecret})) << name;
                const auto delivery = request.parsed(forge.provider);
                ASSERT_TRUE(delivery) << name << ": " << delivery.error().text();
                EXPECT_EQ(delivery->provider, forge.name);
                EXPECT_EQ(delivery->kind, EventKind::push);
                EXPECT_EQ(delivery->id, "f6266f16-1bf3-46a5-9ea4-602e06ead473");
                ASSERT_EQ(delivery->updates.size(), 1U);
                EXPECT_EQ(delivery->updates[0].ref, whole.at("ref").get<std::string>());
                EXPECT_EQ(delivery->updates[0].after->hex(), whole.at("after").get<std::string>());
                const auto& repository = whole.at("repository");
                const std::vector<std::string> urls = {repository.at("clone_url"),
                                                       repository.at("ssh_url"),
                                                       repository.at("html_url")};
                EXPECT_EQ(delivery->repository_urls, urls);
            }
        }
    }
}

TEST(Gitea, TheSignatureOfAFormIsOfTheJsonInside) {
    for (const auto& forge : kForges) {
        Request form = as_form(hook(forge, kPush));
        EXPECT_TRUE(form.verifies(forge.provider, {kSecret}));
        form.headers["x-" + forge.name + "-signature"] =
            hex_encode(hmac_sha256(kSecret, form.body));
        EXPECT_FALSE(form.verifies(forge.provider, {kSecret})) << "as GitHub signs";
    }
}

TEST(Gitea, AMalformedFormIsRefusedHoweverItIsSigned) {
    const Forge& forge = kForges[0];
    const std::string encoded = form_encoded(kPush);
    for (const std::string& body :
         {std::string{}, std::string("payload"), "other=" + encoded, "payload=" + encoded + "%",
          std::string("payload=%zz"), "payload=" + encoded + "&payload=" + encoded}) {
        for (const std::string& message : {body, kPush, std::string{}}) {
            Request request = as_form(hook(forge, kPush));
            request.body = body;
            request.headers["x-gitea-signature"] = hex_encode(hmac_sha256(kSecret, message));
            EXPECT_FALSE(request.verifies(forge.provider, {kSecret})) << body;
        }
    }
}

TEST(Gitea, WhatIsNoSignatureByTheSecretIsRefused) {
    for (const auto& forge : kForges) {
        Request request = hook(forge, kPush);
        std::string& header = request.headers["x-" + forge.name + "-signature"];
        const std::string right = header;
        const std::string upper = [&] {
            std::string text = right;
            std::transform(text.begin(), text.end(), text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
            return text;
        }();
        header = upper;
        EXPECT_TRUE(request.verifies(forge.provider, {kSecret}));
        for (const std::string& wrong :
             {std::string{}, "sha256=" + right, "sha1=" + right.substr(0, 40), right.substr(0, 63),
              right + "0", right + " ", right + "," + right, right + right, std::string(64, '0'),
              hex_encode(hmac_sha256("", kPush)), hex_encode(hmac_sha256("wrong", kPush))}) {
            header = wrong;
            EXPECT_FALSE(request.verifies(forge.provider, {kSecret})) << wrong;
            EXPECT_FALSE(request.verifies(forge.provider, {})) << wrong;
            EXPECT_FALSE(request.verifies(forge.provider, {""})) << wrong;
        }
        for (std::size_t i = 0; i < right.size(); ++i) {
            header = right;
            header[i] = right[i] == '0' ? '1' : '0';
            EXPECT_FALSE(request.verifies(forge.provider, {kSecret})) << header;
        }
        header = right;
        request.body += " ";
        EXPECT_FALSE(request.verifies(forge.provider, {kSecret}));
    }
}

TEST(Gitea, GitHubsHeadersAreNotLookedAt) {
    for (const auto& forge : kForges) {
        Request request = hook(forge, kPush);
        const std::string name = "x-" + forge.name + "-signature";
        request.headers["x-hub-signature-256"] = "sha256=" + request.headers[name];
        request.headers[name] = "";
        EXPECT_FALSE(request.verifies(forge.provider, {kSecret}));
        request.headers.erase("x-" + forge.name + "-event");
        request.headers["x-github-event"] = "push";
        EXPECT_FALSE(request.parsed(forge.provider));
    }
}

TEST(Gitea, ADeletionIsToldAndACreationDeploysNothing) {
    for (const auto& forge : kForges) {
        const std::string body =
            R"({"sha":"4522cbcefc20728a5b72b3a86af35e608622c514","ref":"x","ref_type":)";
        const auto branch = hook(forge, body + "\"branch\"}", "delete").parsed(forge.provider);
        ASSERT_TRUE(branch);
        EXPECT_EQ(branch->kind, EventKind::push);
        EXPECT_EQ(branch->updates.at(0).ref, "refs/heads/x");
        EXPECT_FALSE(branch->updates.at(0).after);
        for (const char* word : {"\"tag\"}", "\"tags\"}"}) {
            const auto tag = hook(forge, body + word, "delete").parsed(forge.provider);
            EXPECT_EQ(tag->updates.at(0).ref, "refs/tags/x");
        }
        for (const char* event : {"create", "issues", "release"}) {
            const auto other = hook(forge, body + "\"branch\"}", event).parsed(forge.provider);
            EXPECT_EQ(other->kind, EventKind::other) << event;
            EXPECT_TRUE(other->updates.empty()) << event;
        }
        const auto gone =
            hook(forge, R"({"ref":"refs/heads/main","after":")" + std::string(40, '0') + "\"}")
                .parsed(forge.provider);
        EXPECT_FALSE(gone->updates.at(0).after);
        EXPECT_EQ(hook(forge, "{}", "ping").parsed(forge.provider)->kind, EventKind::ping);
    }
}

}  // namespace
}  // namespace lastgood::forge
