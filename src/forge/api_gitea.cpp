// Gitea's and Forgejo's API, the same but for the hook's type: modules/structs/hook.go and
// routers/api/v1/utils/hook.go of Gitea's source. A list tells how many there are in X-Total-Count
// and has no Link header in older versions, so pages are counted.
#include <charconv>

#include "forge/api_json.h"

namespace lastgood::forge {
namespace {

constexpr int kPageRows = 50;  // what Gitea gives at most unless told otherwise

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
    return hook;
}

int number_of(std::string_view text, int otherwise) {
    int number = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

class GiteaApi final : public Api {
  public:
    GiteaApi(const ApiPlace& place, std::string token)
        : hooks_(place.api + "/repos/" + place.repository + "/hooks"),
          type_(core::to_string(place.provider)),
          token_(std::move(token)) {}

    [[nodiscard]] ApiRequest list_hooks(const std::string& next) const override {
        return ask("GET",
                   "?limit=" + std::to_string(kPageRows) + "&page=" + (next.empty() ? "1" : next));
    }
    [[nodiscard]] Expected<HookPage> read_hooks(const ApiAnswer& answer,
                                                const std::string& next) const override {
        auto hooks = rows_of<Hook>(answer, read_one);
        if (!hooks) return hooks.error();
        const int page = number_of(next, 1);
        const auto rows = static_cast<int>(hooks->size());
        // The server may give fewer on a page than asked for.
        const int total = number_of(answer.header("x-total-count"), rows + 1);
        const bool last = rows == 0 || (page == 1 && rows >= total);
        return HookPage{*std::move(hooks), last ? "" : std::to_string(page + 1)};
    }
    [[nodiscard]] ApiRequest create_hook(const HookWish& wish) const override {
        Json body = wished(wish);
        body["type"] = type_;
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

  private:
    static Json wished(const HookWish& wish) {
        return {{"active", true},
                {"events", {"push"}},
                {"config", {{"url", wish.url}, {"content_type", "json"}, {"secret", wish.secret}}}};
    }
    [[nodiscard]] ApiRequest ask(const char* method, const std::string& rest,
                                 std::string body = {}) const {
        ApiRequest request{method,
                           hooks_ + rest,
                           {{"Accept", "application/json"}, {"Authorization", "token " + token_}},
                           std::move(body)};
        if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        return request;
    }

    const std::string hooks_;
    const std::string type_;
    const std::string token_;
};

}  // namespace

std::unique_ptr<Api> make_gitea_api(const ApiPlace& place, const std::string& token) {
    return std::make_unique<GiteaApi>(place, token);
}

}  // namespace lastgood::forge
