#include "cli/forge_session.h"

#include <algorithm>
#include <cstdlib>

#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli {
namespace {

constexpr const char* kTokenVariable = "LASTGOOD_FORGE_TOKEN";

std::optional<std::string> own_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

forge::ApiAnswer to_forge(http::RemoteAnswer answer) {
    const auto kept = std::make_shared<const http::RemoteAnswer>(std::move(answer));
    return {kept->status, [kept](std::string_view name) { return kept->header(name); }, kept->body};
}

}  // namespace

Expected<std::string> hook_url(const AppSetup& setup, const std::string& url_option) {
    const std::string path = "/hooks/" + setup.name();
    if (url_option.empty()) {
        if (!setup.plain_repository().empty() && !setup.local_url.empty()) {
            return setup.local_url + path;  // its hook runs on this machine
        }
        if (!setup.public_url.empty()) return setup.public_url + path;
        return Error{
            "lastgood doesn't know by which address " + setup.name() + " is reached from outside",
            "set `public_url: https://HOST` under webhook in " + setup.config_path +
                ", or give --url https://HOST" + path};
    }
    auto url = parse_url(url_option);
    if (!url) return Error{"--url: " + url.error().what, url.error().mend};
    if (url->target == "/") url->target = path;
    return url->text();
}

Expected<std::string> forge_token(const std::string& token_file) {
    std::string token;
    std::string source = kTokenVariable;
    if (token_file.empty()) {
        token = own_variable(kTokenVariable).value_or("");
    } else {
        auto content = sys::read_file(token_file, limits::kTokenBytesMax);
        if (!content) return content.error();
        token = *std::move(content);
        source = token_file;
    }
    token = std::string(trim(token));
    const bool plain =
        std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!plain || token.size() > limits::kTokenBytesMax) {
        return Error{source + " holds no token", "it must be the token alone, on one line"};
    }
    if (token.empty() && !token_file.empty()) return Error{source + " is empty", ""};
    return token;
}

http::RemoteOptions remote_options(const std::string& ca_file) {
    http::RemoteOptions options;
    options.ca_file = ca_file;
    options.variable = own_variable;
    return options;
}

std::string user_agent() {
    return std::string("lastgood/") + own_version();
}

ForgeSession::ForgeSession(std::string app, forge::ApiPlace place, const std::string& token,
                           http::RemoteOptions options)
    : app_(std::move(app)),
      place_(std::move(place)),
      api_(forge::make_api(place_, token)),
      options_(std::move(options)) {}

Expected<ForgeSession> ForgeSession::open(const AppSetup& setup, const ForgeArgs& args) {
    const core::Provider provider = setup.app.webhook.provider;
    if (!forge::has_api(provider)) {
        return Error{"hooks of the provider " + std::string(core::to_string(provider)) +
                         " are not made by lastgood",
                     "see what to do there: lastgood webhook register " + setup.name()};
    }
    auto place = forge::find_place(provider, setup.app.repo, args.api);
    if (!place) return place.error();
    const auto token = forge_token(args.token_file);
    if (!token) return token.error();
    if (token->empty()) {
        return Error{
            "a token of the forge is needed: --token-file FILE, or $" + std::string(kTokenVariable),
            forge::token_hint(*place)};
    }
    if (place->api.starts_with("http://")) {
        complain("lastgood: the token goes to " + printable(place->api, 200) + " unencrypted");
    }
    return ForgeSession(setup.name(), *std::move(place), *token, remote_options(args.ca_file));
}

Expected<forge::ApiAnswer> ForgeSession::ask(const forge::ApiRequest& request) const {
    auto url = parse_url(request.url);
    if (!url) return url.error();
    http::RemoteRequest sent{request.method, *std::move(url), request.headers, request.body};
    sent.headers.emplace_back("User-Agent", user_agent());
    auto result = http::send_remote(sent, options_);
    if (const auto* failure = std::get_if<http::RemoteFailure>(&result)) {
        return Error{app_ + ": " + failure->error.what, failure->error.mend};
    }
    return to_forge(std::get<http::RemoteAnswer>(std::move(result)));
}

Expected<forge::ApiAnswer> ForgeSession::want(const forge::ApiRequest& request) const {
    auto answer = ask(request);
    if (answer && !answer->good()) return forge::explain(place_, *answer, app_);
    return answer;
}

Expected<std::vector<forge::Hook>> ForgeSession::hooks() const {
    std::vector<forge::Hook> all;
    std::string next;
    for (int page = 0; page < limits::kForgePagesMax; ++page) {
        const auto answer = want(api_->list_hooks(next));
        if (!answer) return answer.error();
        const auto read = api_->read_hooks(*answer, next);
        if (!read) return Error{app_ + ": " + read.error().what, read.error().mend};
        all.insert(all.end(), read->hooks.begin(), read->hooks.end());
        next = read->next;
        if (next.empty()) break;
    }
    return all;
}

Expected<std::vector<forge::Hook>> ForgeSession::hooks_at(const std::string& url) const {
    auto all = hooks();
    if (!all) return all;
    std::erase_if(*all,
                  [&url](const forge::Hook& hook) { return !forge::same_hook_url(hook.url, url); });
    return all;
}

Expected<forge::Hook> ForgeSession::create(const forge::HookWish& wish) const {
    const auto answer = want(api_->create_hook(wish));
    if (!answer) return answer.error();
    return api_->read_hook(*answer);
}

Expected<forge::Hook> ForgeSession::update(const std::string& id,
                                           const forge::HookWish& wish) const {
    const auto answer = want(api_->update_hook(id, wish));
    if (!answer) return answer.error();
    return api_->read_hook(*answer);
}

Expected<bool> ForgeSession::remove(const std::string& id) const {
    const auto answer = ask(api_->delete_hook(id));
    if (!answer) return answer.error();
    if (answer->status == 404) return false;
    if (!answer->good()) return forge::explain(place_, *answer, app_);
    return true;
}

Expected<std::vector<forge::Attempt>> ForgeSession::attempts(const std::string& hook) const {
    const WallTime oldest = wall_now() - limits::kForgeRedeliversMax;
    std::vector<forge::Attempt> all;
    std::string next;
    for (int page = 0; page < limits::kForgePagesMax; ++page) {
        const auto answer = want(api_->list_attempts(hook, next));
        if (!answer) return answer.error();
        const auto read = api_->read_attempts(*answer);
        if (!read) return Error{app_ + ": " + read.error().what, read.error().mend};
        all.insert(all.end(), read->attempts.begin(), read->attempts.end());
        next = read->next;
        if (next.empty() || (!all.empty() && all.back().at < oldest)) break;
    }
    return all;
}

Expected<void> ForgeSession::redeliver(const std::string& hook, const std::string& attempt) const {
    const auto answer = want(api_->redeliver(hook, attempt));
    if (!answer) return answer.error();
    return {};
}

}  // namespace lastgood::cli
