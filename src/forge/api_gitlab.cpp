// GitLab's project webhooks API: docs.gitlab.com/api/project_webhooks, and lib/api/project_hooks.rb
// and lib/api/entities/hook.rb of its source. `token` is the older secret token. `signing_token`
// (whsec_ and base64 of 32 bytes) and `signing_token_present` came with merge request 231325; a
// GitLab that doesn't know the field, or has it switched off, ignores it without a word, so its
// absence in the answer is looked at.
#include "forge/api_json.h"

namespace lastgood::forge {
namespace {

constexpr const char* kFirstPage = "per_page=100";
constexpr std::string_view kEventsEnd = "_events";

std::string escaped(const std::string& path) {
    std::string text;
    for (const char c : path) text += c == '/' ? "%2F" : std::string(1, c);
    return text;
}

Hook read_one(const Json& object) {
    Hook hook;
    hook.id = id_of(object);
    hook.url = text_of(object, "url");
    for (const auto& [name, value] : object.items()) {
        if (!name.ends_with(kEventsEnd) || !value.is_boolean() || !value.get<bool>()) continue;
        hook.events.push_back(name.substr(0, name.size() - kEventsEnd.size()));
    }
    // "executable", "temporarily_disabled" or "disabled": GitLab switches a failing hook off.
    const std::string alert = text_of(object, "alert_status");
    hook.active = alert.empty() || alert == "executable";
    if (!hook.active) {
        hook.last_response = alert;
        const std::string until = text_of(object, "disabled_until");
        if (!until.empty()) hook.last_response += " until " + until;
    }
    hook.signs = truth_of(object, "signing_token_present");
    return hook;
}

class GitlabApi final : public Api {
  public:
    GitlabApi(const ApiPlace& place, std::string token)
        : hooks_(place.api + "/projects/" + escaped(place.repository) + "/hooks"),
          secret_field_(place.provider == core::Provider::gitlab ? "signing_token" : "token"),
          token_(std::move(token)) {}

    [[nodiscard]] ApiRequest list_hooks(const std::string& next) const override {
        return ask("GET", "?" + (next.empty() ? kFirstPage : next));
    }
    [[nodiscard]] Expected<HookPage> read_hooks(const ApiAnswer& answer,
                                                const std::string&) const override {
        auto hooks = rows_of<Hook>(answer, read_one);
        if (!hooks) return hooks.error();
        return HookPage{*std::move(hooks), next_query(answer.header("link"))};
    }
    [[nodiscard]] ApiRequest create_hook(const HookWish& wish) const override {
        return ask("POST", "", wished(wish));
    }
    [[nodiscard]] ApiRequest update_hook(const std::string& id,
                                         const HookWish& wish) const override {
        return ask("PUT", "/" + id, wished(wish));
    }
    [[nodiscard]] Expected<Hook> read_hook(const ApiAnswer& answer) const override {
        return hook_of(answer, read_one);
    }
    [[nodiscard]] ApiRequest delete_hook(const std::string& id) const override {
        return ask("DELETE", "/" + id);
    }

  private:
    // A branch filter is left as it is: it may be somebody's wish, and the branch is checked
    // anyway.
    [[nodiscard]] std::string wished(const HookWish& wish) const {
        return Json{{"url", wish.url},
                    {"push_events", true},
                    {"tag_push_events", true},
                    {"enable_ssl_verification", true},
                    {secret_field_, wish.secret}}
            .dump();
    }
    [[nodiscard]] ApiRequest ask(const char* method, const std::string& rest,
                                 std::string body = {}) const {
        ApiRequest request{method,
                           hooks_ + rest,
                           {{"Accept", "application/json"}, {"PRIVATE-TOKEN", token_}},
                           std::move(body)};
        if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        return request;
    }

    const std::string hooks_;
    const std::string secret_field_;
    const std::string token_;
};

}  // namespace

std::unique_ptr<Api> make_gitlab_api(const ApiPlace& place, const std::string& token) {
    return std::make_unique<GitlabApi>(place, token);
}

}  // namespace lastgood::forge
