// The forges' APIs for webhooks, pure: what to ask, and what an answer says. Fields and where they
// are documented stand in each forge's source.
//
// An answer's links are never followed as they are: of the next page's address only the query is
// taken, so that the token goes nowhere but to the API it is for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/time.h"
#include "lastgood/core/provider.h"
#include "lastgood/forge/forge.h"

namespace lastgood::forge {

struct ApiRequest {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

struct ApiAnswer {
    int status = 0;
    Headers header;
    std::string body;
    [[nodiscard]] bool good() const { return status >= 200 && status < 300; }
};

// Which repository, and where its forge answers.
struct ApiPlace {
    core::Provider provider = core::Provider::github;
    std::string site;        // for people: "https://github.com"
    std::string api;         // "https://api.github.com", "https://git.acme.org/api/v4"
    std::string repository;  // "acme/backend"; GitLab's may be deeper
    [[nodiscard]] std::string page() const { return site + "/" + repository; }
};

bool has_api(core::Provider provider);

// From the config's `repo:`, which must be an address (https, ssh, user@host:path); `api` is what a
// person gave instead of the address that follows from it: the API's root, or the forge's own
// address without a path. Empty: none given.
Expected<ApiPlace> find_place(core::Provider provider, const std::string& repo,
                              const std::string& api);

struct Hook {
    std::string id;
    std::string url;
    std::vector<std::string> events;
    bool active = true;
    std::string last_response;  // as the forge tells it; empty where it doesn't
    std::optional<bool> signs;  // GitLab: has a signing token
};

struct HookWish {
    std::string url;
    std::string secret;
};

// `next` goes into the next call; empty at the end.
struct HookPage {
    std::vector<Hook> hooks;
    std::string next;
};

// One attempt of a forge to deliver.
struct Attempt {
    std::string id;
    std::string guid;  // the delivery's id, the same for all its attempts
    std::string event;
    WallTime at{};
    int status_code = 0;  // 0: no answer
    std::string status;   // the forge's word for it
};

struct AttemptPage {
    std::vector<Attempt> attempts;  // newest first
    std::string next;
};

class Api {
  public:
    virtual ~Api() = default;
    [[nodiscard]] virtual ApiRequest list_hooks(const std::string& next) const = 0;
    [[nodiscard]] virtual Expected<HookPage> read_hooks(const ApiAnswer& answer,
                                                        const std::string& next) const = 0;
    [[nodiscard]] virtual ApiRequest create_hook(const HookWish& wish) const = 0;
    [[nodiscard]] virtual ApiRequest update_hook(const std::string& id,
                                                 const HookWish& wish) const = 0;
    // What create and update answer.
    [[nodiscard]] virtual Expected<Hook> read_hook(const ApiAnswer& answer) const = 0;
    [[nodiscard]] virtual ApiRequest delete_hook(const std::string& id) const = 0;

    // The log of deliveries, where the forge has one for the API.
    [[nodiscard]] virtual bool has_attempts() const { return false; }
    [[nodiscard]] virtual ApiRequest list_attempts(const std::string& hook,
                                                   const std::string& next) const;
    [[nodiscard]] virtual Expected<AttemptPage> read_attempts(const ApiAnswer& answer) const;
    [[nodiscard]] virtual ApiRequest redeliver(const std::string& hook,
                                               const std::string& attempt) const;
};

// Only for providers with an API.
std::unique_ptr<Api> make_api(const ApiPlace& place, const std::string& token);

// What an answer that isn't good means, and what to do. `app` for the hints.
Error explain(const ApiPlace& place, const ApiAnswer& answer, const std::string& app);

// How a token for it is made.
std::string token_hint(const ApiPlace& place);

// True when both are one hook's address: case, a default port and a last slash don't matter.
bool same_hook_url(const std::string& a, const std::string& b);

// Of each delivery that was never answered with 2xx the newest attempt, when it is not too old to
// be asked for again; oldest first, so that the newest push comes last.
std::vector<Attempt> undelivered(const std::vector<Attempt>& attempts, WallTime now);

}  // namespace lastgood::forge
