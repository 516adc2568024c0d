#include "lastgood/forge/sign.h"

#include <gtest/gtest.h>

#include "forge/payloads.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using core::Provider;

const std::string kToken = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

Request sent(Provider provider, EventKind kind, std::string body) {
    Request request;
    const OutgoingDelivery delivery{provider, kToken, kind, "an-id", body};
    for (const auto& [name, value] : signed_headers(delivery, at_second(1'000'000))) {
        EXPECT_TRUE(request.headers.emplace(to_lower(name), value).second) << name;
    }
    request.body = std::move(body);
    return request;
}

TEST(Sign, APingOfEachForgeIsVerifiedAndDeploysNothing) {
    for (const Provider provider : core::all_providers()) {
        const std::string name(core::to_string(provider));
        const Request ping = sent(provider, EventKind::ping, ping_body(provider));
        EXPECT_TRUE(ping.verifies(provider, {kToken}, at_second(1'000'010))) << name;
        EXPECT_FALSE(ping.verifies(provider, {kToken + "x"}, at_second(1'000'010))) << name;
        const auto delivery = ping.parsed(provider);
        ASSERT_TRUE(delivery) << name << ": " << delivery.error().text();
        EXPECT_EQ(delivery->id, "an-id") << name;
        EXPECT_TRUE(delivery->updates.empty()) << name;
        const bool gitlab = provider == Provider::gitlab || provider == Provider::gitlab_token;
        EXPECT_EQ(delivery->kind, gitlab ? EventKind::other : EventKind::ping) << name;
    }
}

TEST(Sign, TheNamesAreSpeltAsTheForgeSpellsThem) {
    const OutgoingDelivery delivery{Provider::github, "secret", EventKind::push, "id", "{}"};
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"Content-Type", "application/json"},
        {"X-GitHub-Event", "push"},
        {"X-GitHub-Delivery", "id"},
        {"X-Hub-Signature-256",
         "sha256=77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13"}};
    EXPECT_EQ(signed_headers(delivery, {}), expected);
}

// GitLab's signing tokens are Standard Webhooks, so these two verify for one another; but only a
// delivery of GitLab names an event of GitLab.
TEST(Sign, WhatOneForgeSendsIsRefusedByTheProviderOfAnother) {
    const auto alike = [](Provider a, Provider b) {
        return (a == Provider::gitlab && b == Provider::standard) ||
               (a == Provider::standard && b == Provider::gitlab);
    };
    for (const Provider sender : core::all_providers()) {
        const Request request = sent(sender, EventKind::push, R"({"ref":"refs/heads/main"})");
        for (const Provider taker : core::all_providers()) {
            const bool verified = request.verifies(taker, {kToken}, at_second(1'000'000));
            EXPECT_EQ(verified, sender == taker || alike(sender, taker))
                << core::to_string(sender) << " to " << core::to_string(taker);
        }
    }
    EXPECT_FALSE(sent(Provider::standard, EventKind::push, "{}").parsed(Provider::gitlab));
}

TEST(Sign, AnyOfSeveralSecretsMayHaveSigned) {
    const std::string other = "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q=";
    for (const Provider provider : core::all_providers()) {
        const Request request = sent(provider, EventKind::push, "{}");
        const auto verifies = [&](const std::vector<std::string>& secrets) {
            return request.verifies(provider, secrets, at_second(1'000'000));
        };
        EXPECT_TRUE(verifies({kToken, other, "plain"})) << core::to_string(provider);
        EXPECT_TRUE(verifies({other, "plain", kToken})) << core::to_string(provider);
        EXPECT_FALSE(verifies({other, "plain"})) << core::to_string(provider);
        EXPECT_FALSE(verifies({})) << core::to_string(provider);
        EXPECT_FALSE(verifies({"", "whsec_"})) << core::to_string(provider);
    }
}

}  // namespace
}  // namespace lastgood::forge
