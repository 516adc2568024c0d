// webhook register: the hook as it must be at the forge, or the steps to make it by hand.
#include <sys/stat.h>

#include <filesystem>

#include "cli/doctor/account.h"
#include "cli/exit_code.h"
#include "cli/forge_session.h"
#include "cli/verbs.h"
#include "cli/webhook_json.h"
#include "cli/webhook_steps.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli {
namespace {

constexpr const char* kNewSecret =
    "  a running daemon knows it after: systemctl reload lastgood (or SIGHUP)\n";

// An address that the config doesn't name has to be given again.
std::string test_command(const AppSetup& setup, const ForgeArgs& args, const std::string& url) {
    return "lastgood webhook test " + setup.name() + (args.url.empty() ? "" : " --url " + url);
}

GitHook git_hook_of(const AppSetup& setup, const std::string& url) {
    const std::string plain = setup.plain_repository();
    const config::SecretPlace& secret = setup.app.webhook.place;
    GitHook hook{.app = setup.name(),
                 .git_dir = sys::exists(plain + "/.git") ? plain + "/.git" : plain,
                 .pusher = "git",
                 .url = url,
                 .secret_file = secret.kind == config::SecretPlace::Kind::file
                                    ? secret.name
                                    : "FILE (with what is in " + setup.secret_place() + ")",
                 .own_secret_file = {}};
    struct stat about {};
    if (stat(hook.git_dir.c_str(), &about) == 0) {
        hook.pusher = diagnosis::account_of(about.st_uid).name;
    }
    if (setup.shared_secret) {
        const auto folder = std::filesystem::absolute(setup.config_path).parent_path();
        hook.own_secret_file = (folder / "secrets" / setup.name()).string();
    }
    return hook;
}

int print_steps(const Context& context, const AppSetup& setup, const ForgeArgs& args,
                const std::string& url, bool secret_made) {
    const core::Provider provider = setup.app.webhook.provider;
    const auto found = forge::find_place(provider, setup.app.repo, args.api);
    const auto place = found ? std::optional(*found) : std::nullopt;
    const std::string plain = setup.plain_repository();
    const Steps steps{setup.name(), url, setup.secret_place(), secret_made,
                      plain.empty() ? webhook_steps(provider, place, url, setup.secret_place())
                                    : git_hook_steps(git_hook_of(setup, url))};
    if (context.json) {
        print(steps_json(steps) + "\n");
        return kDone;
    }
    std::string text = "To make the hook by hand:\n";
    int number = 0;
    for (const std::string& step : steps.steps) {
        text += "  " + std::to_string(++number) + ". " + printable(step) + "\n";
    }
    text += "Then: " + printable(test_command(setup, args, url)) + "\n";
    if (forge::has_api(provider)) {
        text += "With a token (--token-file FILE or $LASTGOOD_FORGE_TOKEN) this is done for you";
        if (place) text += "; " + printable(forge::token_hint(*place));
        text += "\n";
    }
    print(text);
    return kDone;
}

// What is wrong with the hook though the forge took it.
std::vector<std::string> warnings_about(const AppSetup& setup,
                                        const std::vector<forge::Hook>& before,
                                        const forge::Hook& hook) {
    std::vector<std::string> warnings;
    if (setup.app.webhook.provider == core::Provider::gitlab && !hook.signs.value_or(false)) {
        warnings.push_back(
            "this GitLab doesn't know signing tokens, so its deliveries would be refused; use "
            "provider gitlab-token, or a newer GitLab");
    }
    if (before.size() > 1) {
        warnings.push_back(std::to_string(before.size()) +
                           " hooks have this address, so each push comes as often; remove them "
                           "with: lastgood webhook remove " +
                           setup.name() + ", then register again");
    }
    return warnings;
}

int register_at_forge(const Context& context, const AppSetup& setup, const ForgeArgs& args,
                      const std::string& url, bool secret_made) {
    const auto session = ForgeSession::open(setup, args);
    if (!session) return refuse(session.error(), kUsage);
    const auto before = session->hooks_at(url);
    if (!before) return refuse(before.error(), kFailed);
    const forge::HookWish wish{url, setup.secret()};
    const bool update = !before->empty();
    const auto hook = update ? session->update(before->front().id, wish) : session->create(wish);
    if (!hook) return refuse(hook.error(), kFailed);
    const Registered done{
        setup.name(), update ? "updated" : "created",       hook->id, url, session->place().page(),
        secret_made,  warnings_about(setup, *before, *hook)};
    for (const std::string& warning : done.warnings) complain("lastgood: " + warning);
    if (context.json) {
        print(registered_json(done) + "\n");
    } else {
        print(done.action + " hook " + printable(done.id) + " of " + printable(done.repository) +
              ": " + printable(url) + "\nnext: " + printable(test_command(setup, args, url)) +
              "\n");
    }
    const bool useless =
        setup.app.webhook.provider == core::Provider::gitlab && !hook->signs.value_or(false);
    return useless ? kFailed : kDone;
}

}  // namespace

int webhook_register(const Context& context, const ForgeArgs& args) {
    auto setup = find_app(context, args.app);
    if (!setup) return refuse(setup.error(), kUsage);
    const auto url = hook_url(*setup, args.url);
    if (!url) return refuse(url.error(), kUsage);
    const auto token = forge_token(args.token_file);
    if (!token) return refuse(token.error(), kUsage);
    const bool by_hand = token->empty() || !forge::has_api(setup->app.webhook.provider);
    bool secret_made = false;
    if (setup->can_make_secret) {
        if (auto made = make_secret(*setup); !made) return refuse(made.error(), kFailed);
        secret_made = true;
        if (!context.json) print("made the secret: " + setup->secret_place() + "\n" + kNewSecret);
    }
    // By hand its place is enough: whoever copies it there may be somebody else.
    const bool unknown = setup->no_secret.has_value();
    if (unknown &&
        (!by_hand || setup->app.webhook.place.kind == config::SecretPlace::Kind::nowhere)) {
        return refuse(*setup->no_secret, kUsage);
    }
    return by_hand ? print_steps(context, *setup, args, *url, secret_made)
                   : register_at_forge(context, *setup, args, *url, secret_made);
}

}  // namespace lastgood::cli
