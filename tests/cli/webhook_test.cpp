// Parts of the webhook verbs that need no forge.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/forge_session.h"
#include "cli/webhook_json.h"
#include "cli/webhook_steps.h"

namespace lastgood::cli {
namespace {

AppSetup setup_of(const std::string& public_url) {
    return {.config_path = "/etc/lastgood/lastgood.yaml",
            .state_dir = {},
            .public_url = public_url,
            .app = config::App{.name = *AppName::parse("backend")},
            .no_secret = {}};
}

TEST(HookUrl, IsMadeOfThePublicOneOrGiven) {
    const AppSetup setup = setup_of("https://hooks.example.org/deploy");
    EXPECT_EQ(*hook_url(setup, ""), "https://hooks.example.org/deploy/hooks/backend");
    EXPECT_EQ(*hook_url(setup, "https://other.example.org"),
              "https://other.example.org/hooks/backend");
    EXPECT_EQ(*hook_url(setup, "http://other.example.org:81/x?y"),
              "http://other.example.org:81/x?y");
    EXPECT_FALSE(hook_url(setup, "other.example.org").ok());
    const auto none = hook_url(setup_of(""), "");
    ASSERT_FALSE(none.ok());
    EXPECT_NE(none.error().mend.find("public_url"), std::string::npos);
}

TEST(WebhookSteps, NameTheAddressAndWhereTheSecretIsAtEveryForge) {
    for (const core::Provider provider : core::all_providers()) {
        std::string all;
        for (const auto& step :
             webhook_steps(provider, std::nullopt, "https://h/hooks/a", "the file /s")) {
            all += step + "\n";
        }
        EXPECT_NE(all.find("https://h/hooks/a"), std::string::npos) << all;
        EXPECT_NE(all.find("the file /s"), std::string::npos) << all;
    }
}

TEST(WebhookSteps, LeadToThePageOfTheRepository) {
    const auto first = [](core::Provider provider, const std::string& repo) {
        const auto place = forge::find_place(provider, repo, "");
        return webhook_steps(provider, *place, "https://h/", "x").front();
    };
    EXPECT_NE(first(core::Provider::github, "git@github.com:a/b.git")
                  .find("https://github.com/a/b/settings/hooks/new"),
              std::string::npos);
    EXPECT_NE(first(core::Provider::gitlab, "git@gitlab.com:g/s/b.git")
                  .find("https://gitlab.com/g/s/b/-/hooks"),
              std::string::npos);
    EXPECT_NE(first(core::Provider::bitbucket, "git@bitbucket.org:a/b.git")
                  .find("https://bitbucket.org/a/b/admin/webhooks"),
              std::string::npos);
}

TEST(ReceiverAnswer, IsTellableFromOthers) {
    const auto ours = parse_receiver_answer(R"({"status":"ignored","reason":"ping"})");
    ASSERT_TRUE(ours.has_value());
    EXPECT_EQ(ours->status + " " + ours->reason, "ignored ping");
    for (const char* other : {"", "<html>", "[]", "{}", R"({"status":200})", R"({"ok":true})"}) {
        EXPECT_FALSE(parse_receiver_answer(other)) << other;
    }
}

TEST(WebhookJson, SurvivesTextOfAnyKind) {
    Tested tested{.app = "a", .url = "u", .answer = "\xff\xfe", .meaning = "m", .mend = {}};
    EXPECT_TRUE(nlohmann::json::accept(tested_json(tested)));
    SyncRow row{{"1", "\xff", "push", WallTime{}, 0, "\xc3"}, "asked for"};
    EXPECT_TRUE(nlohmann::json::accept(sync_json("a", {row})));
}

}  // namespace
}  // namespace lastgood::cli
