// An app's forge, asked through its API.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cli/app_setup.h"
#include "lastgood/forge/api.h"
#include "lastgood/http/remote_client.h"

namespace lastgood::cli {

// What all verbs that deal with a forge take.
struct ForgeArgs {
    std::string app;
    std::string url;         // of the hook; empty: by the config's webhook.public_url
    std::string api;         // of the forge; empty: by the repository's address
    std::string token_file;  // empty: $LASTGOOD_FORGE_TOKEN
    std::string ca_file;
};

// The hook's address as the forge is to call it. The Error means exit code 2.
Expected<std::string> hook_url(const AppSetup& setup, const std::string& url_option);

// Empty: none is given. The Error means exit code 2.
Expected<std::string> forge_token(const std::string& token_file);

http::RemoteOptions remote_options(const std::string& ca_file);
std::string user_agent();

class ForgeSession {
  public:
    // The Error means exit code 2: no API for this forge, no token, no address.
    static Expected<ForgeSession> open(const AppSetup& setup, const ForgeArgs& args);

    [[nodiscard]] const forge::ApiPlace& place() const { return place_; }
    [[nodiscard]] const forge::Api& api() const { return *api_; }

    [[nodiscard]] Expected<std::vector<forge::Hook>> hooks() const;
    // Those with this address.
    [[nodiscard]] Expected<std::vector<forge::Hook>> hooks_at(const std::string& url) const;
    [[nodiscard]] Expected<forge::Hook> create(const forge::HookWish& wish) const;
    [[nodiscard]] Expected<forge::Hook> update(const std::string& id,
                                               const forge::HookWish& wish) const;
    // False: it was gone already.
    [[nodiscard]] Expected<bool> remove(const std::string& id) const;
    // Back to the oldest that the forge would send again.
    [[nodiscard]] Expected<std::vector<forge::Attempt>> attempts(const std::string& hook) const;
    [[nodiscard]] Expected<void> redeliver(const std::string& hook,
                                           const std::string& attempt) const;

  private:
    ForgeSession(std::string app, forge::ApiPlace place, const std::string& token,
                 http::RemoteOptions options);
    // Any whole answer.
    [[nodiscard]] Expected<forge::ApiAnswer> ask(const forge::ApiRequest& request) const;
    // Only a good one.
    [[nodiscard]] Expected<forge::ApiAnswer> want(const forge::ApiRequest& request) const;

    std::string app_;
    forge::ApiPlace place_;
    std::unique_ptr<forge::Api> api_;
    http::RemoteOptions options_;
};

}  // namespace lastgood::cli
