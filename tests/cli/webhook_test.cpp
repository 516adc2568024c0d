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

TEST(WebhookSteps, OfAPlainRepositoryAreThoseOfItsHook) {
    AppSetup setup = setup_of("https://hooks.example.org");
    setup.local_url = "http://127.0.0.1:8787";
    setup.app.webhook.provider = core::Provider::standard;
    for (const auto& [repo, path] :
         {std::pair("/srv/x.git", "/srv/x.git"), std::pair("file:///srv/x.git", "/srv/x.git"),
          std::pair("https://example.org/x.git", "")}) {
        setup.app.repo = repo;
        EXPECT_EQ(setup.plain_repository(), path);
    }
    setup.app.repo = "/srv/x.git";
    // The hook runs on this machine, whatever the forges see.
    EXPECT_EQ(*hook_url(setup, ""), "http://127.0.0.1:8787/hooks/backend");
    GitHook hook{"backend", "/srv/x.git", "git", "URL", "/s", {}};
    const auto steps = git_hook_steps(hook);
    EXPECT_EQ(steps.at(1), "git -C /srv/x.git config lastgood.url URL");
    EXPECT_TRUE(steps.at(2).starts_with("sudo install -m 0600 -o git /s /srv/x.git.secret "));
    EXPECT_EQ(steps.at(3), "git -C /srv/x.git config lastgood.secretFile /srv/x.git.secret");
    // That of all apps is not to be given away.
    hook.own_secret_file = "/etc/lastgood/secrets/backend";
    const auto more = git_hook_steps(hook);
    EXPECT_NE(more.at(0).find("secret_file: /etc/lastgood/secrets/backend }"), std::string::npos);
    EXPECT_TRUE(more.at(3).starts_with(
        "sudo install -m 0600 -o git /etc/lastgood/secrets/backend /srv/x.git.secret "));
    hook.git_dir = "/home/ann/x/.git";
    EXPECT_EQ(git_hook_steps(hook).at(4),
              "git -C /home/ann/x/.git config lastgood.secretFile "
              "/home/ann/x/.git/lastgood.secret");
    setup.app.webhook.provider = core::Provider::github;
    EXPECT_EQ(setup.plain_repository(), "");
}

TEST(WebhookAddress, FromThisMachineIsWhereTheReceiverListens) {
    config::Webhook webhook;
    EXPECT_EQ(local_url(webhook), "");
    webhook.listen = config::ListenAddress{.host = "0.0.0.0", .port = 8787};
    EXPECT_EQ(local_url(webhook), "http://127.0.0.1:8787");
    webhook.listen = config::ListenAddress{.host = "::", .port = 443};
    webhook.tls.cert = "/c";
    EXPECT_EQ(local_url(webhook), "https://[::1]:443");
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
