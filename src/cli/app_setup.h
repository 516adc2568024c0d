// One app of the config with the secret of its webhook, for the verbs that deal with its forge.
//
// Secrets of other apps are not needed: whoever may read this app's secret may use these verbs.
#pragma once

#include <optional>
#include <string>

#include "cli/context.h"
#include "lastgood/config/config.h"

namespace lastgood::cli {

// Whether both name one and the same secret.
bool is_shared_secret(const config::SecretPlace& a, const config::SecretPlace& b);

struct AppSetup {
    std::string config_path;
    std::string state_dir;
    std::string public_url;   // of the config; may be empty
    std::string local_url{};  // the receiver from this machine, see below
    config::App app;
    // Why there is no secret; then app.webhook.secrets means nothing.
    std::optional<Error> no_secret;
    bool can_make_secret = false;      // its file is named, and isn't there
    bool shared_secret = false;        // it is that of all apps
    bool needs_signing_token = false;  // as GitLab and Standard Webhooks have it

    // The repository's path, where it is one of this machine, without a forge; else empty.
    [[nodiscard]] std::string plain_repository() const;
    [[nodiscard]] const std::string& secret() const { return app.webhook.secrets.front(); }
    [[nodiscard]] std::string name() const { return app.name.str(); }
    // "the file /etc/lastgood/secret", for people.
    [[nodiscard]] std::string secret_place() const;
};

// "http://127.0.0.1:8787": where it listens, as this machine reaches it. Empty: systemd knows.
std::string local_url(const config::Webhook& webhook);

// The Error means exit code 2.
Expected<AppSetup> find_app(const Context& context, const std::string& name);

// Makes the missing secret: a file of mode 0600 that belongs to the daemon's user, there whole or
// not at all. Then the setup has it.
Expected<void> make_secret(AppSetup& setup);

}  // namespace lastgood::cli
