// GitHub's REST API, version 2022-11-28: docs.github.com/rest/repos/webhooks (list, create, update,
// delete, deliveries, attempts). Update must name the secret again: without it GitHub takes the old
// one away.
#include "forge/api_json.h"
#include "lastgood/base/url.h"

namespace lastgood::forge {
namespace {

constexpr const char* kFirstPage = "per_page=100";

Hook read_one(const Json& object) {
    Hook hook;
    hook.id = id_of(object);
    hook.active = truth_of(object, "active");
    if (const auto config = object.find("config"); config != object.end() && config->is_object()) {
        hook.url = text_of(*config, "url");
    }
    if (const auto events = object.find("events"); events != object.end() && events->is_array()) {
        for (const Json& event : *events) {
            if (event.is_string()) hook.events.push_back(event.get<std::string>());
        }
    }
    const auto last = object.find("last_response");
    if (last != object.end() && last->is_object()) {
        const auto code = last->find("code");
        if (code != last->end() && code->is_number_unsigned()) {
            hook.last_response = std::to_string(code->get<unsigned>());
        }
        const std::string message = text_of(*last, "message");
        if (!message.empty())
            hook.last_response += (hook.last_response.empty() ? "" : " ") + message;
    }
    return hook;
}

Attempt read_attempt(const Json& object) {
    Attempt attempt;
    attempt.id = id_of(object);
    attempt.guid = text_of(object, "guid");
    attempt.event = text_of(object, "event");
    attempt.status = text_of(object, "status");
    attempt.at = parse_rfc3339(text_of(object, "delivered_at")).value_or(WallTime{});
    const auto code = object.find("status_code");
    if (code != object.end() && code->is_number_unsigned()) attempt.status_code = code->get<int>();
    return attempt;
}

class GithubApi final : public Api {
  public:
    GithubApi(const ApiPlace& place, std::string token)
        : hooks_(place.api + "/repos/" + place.repository + "/hooks"), token_(std::move(token)) {}

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
        Json body = wished(wish);
        body["name"] = "web";
        return ask("POST", "", body.dump());
    }
    [[nodiscard]] ApiRequest update_hook(const std::string& id,
                                         const HookWish& wish) const override {
        return ask("PATCH", "/" + id, wished(wish).dump());
    }
    [[nodiscard]] Expected<Hook> read_hook(const ApiAnswer& answer) const override {
        return hook_of(answer, read_one);
    }
    [[nodiscard]] ApiRequest delete_hook(const std::string& id) const override {
        return ask("DELETE", "/" + id);
    }

    [[nodiscard]] bool has_attempts() const override { return true; }
    [[nodiscard]] ApiRequest list_attempts(const std::string& hook,
                                           const std::string& next) const override {
        return ask("GET", "/" + hook + "/deliveries?" + (next.empty() ? kFirstPage : next));
    }
    [[nodiscard]] Expected<AttemptPage> read_attempts(const ApiAnswer& answer) const override {
        auto attempts = rows_of<Attempt>(answer, read_attempt);
        if (!attempts) return attempts.error();
        return AttemptPage{*std::move(attempts), next_query(answer.header("link"))};
    }
    [[nodiscard]] ApiRequest redeliver(const std::string& hook,
                                       const std::string& attempt) const override {
        return ask("POST", "/" + hook + "/deliveries/" + attempt + "/attempts");
    }

  private:
    static Json wished(const HookWish& wish) {
        return {{"active", true},
                {"events", {"push"}},
                {"config",
                 {{"url", wish.url},
                  {"content_type", "json"},
                  {"secret", wish.secret},
                  {"insecure_ssl", "0"}}}};
    }
    [[nodiscard]] ApiRequest ask(const char* method, const std::string& rest,
                                 std::string body = {}) const {
        ApiRequest request{method,
                           hooks_ + rest,
                           {{"Accept", "application/vnd.github+json"},
                            {"X-GitHub-Api-Version", "2022-11-28"},
                            {"Authorization", "Bearer " + token_}},
                           std::move(body)};
        if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        return request;
    }

    const std::string hooks_;
    const std::string token_;
};

}  // namespace

std::unique_ptr<Api> make_github_api(const ApiPlace& place, const std::string& token) {
    return std::make_unique<GithubApi>(place, token);
}

}  // namespace lastgood::forge
