#include "lastgood/config/keys.h"

#include "lastgood/base/assert.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

constexpr std::string_view kAppKeys =
    "repo branch tags root paths auth webhook poll build build_timeout run workdir env "
    "env_file listen ready stop probation crash_loop restart hooks keep_releases "
    "supersede keep_previous transport fast_forward_only verify submodules "
    "export_ignore materialise cache rollback_after_good depth allow_repo_config user "
    "group nofile nice umask no_new_privileges read_only_paths fetch_timeout memory_max "
    "watch logs drain cpu_max exit_with_app adopt ports proxy promote notify status "
    "fleet";

constexpr std::string_view kSecretUrlKeys = "url_file url_env url ca_file";

std::vector<SectionKeys> own_sections() {
    return {
        {SectionKind::top,
         "",
         {"state_dir", "runtime_dir", "webhook", "log", "control", "admin", "notify", "fleet",
          "apps"},
         {"user", "group", "umask", "trusted_proxies"}},
        {SectionKind::webhook,
         "webhook",
         {"listen", "provider", "secret_file", "secret_env", "secret", "max_body", "tls",
          "trusted_proxies", "allow_from", "bad_requests", "public_url"},
         {}},
        {SectionKind::tls, "webhook.tls", {"cert", "key"}, {}},
        {SectionKind::log,
         "log",
         {"level", "format", "max_size", "keep", "compress", "journald"},
         {}},
        {SectionKind::control, "control", {"read", "deploy", "admin"}, {}},
        {SectionKind::admin,
         "admin",
         {"listen", "token_file", "token_env", "token", "read_token_file", "read_token_env",
          "read_token", "tls", "trusted_proxies"},
         {}},
        {SectionKind::admin_tls, "admin.tls", {"cert", "key"}, {}},
        {SectionKind::fleet,
         "fleet",
         {"endpoints", "tls", "user", "password_file", "password_env", "password", "group", "host",
          "labels", "rollout", "on_halt"},
         {}},
        {SectionKind::fleet_tls, "fleet.tls", {"ca", "cert", "key"}, {}},
        {SectionKind::fleet_rollout,
         "fleet.rollout",
         {"max_unavailable", "canary", "canary_soak", "max_failures"},
         {}},
        {SectionKind::app, "apps.APP", split(kAppKeys, ' '), {}},
        {SectionKind::auth,
         "apps.APP.auth",
         {"ssh_key", "known_hosts", "username", "token_file", "ca_file", "proxy"},
         {"token_env", "token"}},
        {SectionKind::verify, "apps.APP.verify", {"allowed_signers", "gpg_keyring", "range"}, {}},
        {SectionKind::app_webhook,
         "apps.APP.webhook",
         {"provider", "secret_file", "secret_env", "secret", "allow_from"},
         {}},
        {SectionKind::ready, "apps.APP.ready", {"http", "notify", "after", "within"}, {}},
        {SectionKind::stop, "apps.APP.stop", {"signal", "timeout"}, {}},
        {SectionKind::crash_loop, "apps.APP.crash_loop", {"crashes", "within"}, {}},
        {SectionKind::restart, "apps.APP.restart", {"backoff", "backoff_max", "every"}, {}},
        {SectionKind::promote, "apps.APP.promote", {"app", "after"}, {}},
        {SectionKind::hooks,
         "apps.APP.hooks",
         {"before_switch", "after_switch", "on_rollback", "on_failure"},
         {}},
        {SectionKind::status,
         "apps.APP.status",
         {"token_file", "token_env", "token", "context", "environment", "api", "url", "ca_file"},
         {}},
    };
}

std::vector<SectionKeys> notify_sections() {
    return {
        {SectionKind::notify,
         "notify.[]",
         {"slack", "discord", "teams", "matrix", "ntfy", "webhook", "email", "command", "events",
          "name"},
         {}},
        {SectionKind::notify_slack, "notify.[].slack", split(kSecretUrlKeys, ' '), {}},
        {SectionKind::notify_discord, "notify.[].discord", split(kSecretUrlKeys, ' '), {}},
        {SectionKind::notify_teams, "notify.[].teams", split(kSecretUrlKeys, ' '), {}},
        {SectionKind::notify_matrix,
         "notify.[].matrix",
         {"server", "room", "token_file", "token_env", "token", "ca_file"},
         {}},
        {SectionKind::notify_ntfy,
         "notify.[].ntfy",
         {"url", "url_file", "url_env", "token_file", "token_env", "token", "ca_file"},
         {}},
        {SectionKind::notify_webhook,
         "notify.[].webhook",
         {"url", "url_file", "url_env", "secret_file", "secret_env", "secret", "ca_file"},
         {}},
        {SectionKind::notify_email, "notify.[].email", {"to", "from", "sendmail"}, {}},
    };
}

}  // namespace

const std::vector<SectionKeys>& all_sections() {
    static const std::vector<SectionKeys> sections = [] {
        std::vector<SectionKeys> all = own_sections();
        const auto notify = notify_sections();
        all.insert(all.end(), notify.begin(), notify.end());
        return all;
    }();
    return sections;
}

const SectionKeys& keys_of(SectionKind kind) {
    static const SectionKeys repository = {
        SectionKind::repository, "", {"build", "run", "ready", "cache", "paths", "hooks"}, {}};
    if (kind == SectionKind::repository) return repository;
    for (const SectionKeys& section : all_sections()) {
        if (section.kind == kind) return section;
    }
    assert_failed("every section has its keys", __FILE__, __LINE__);
}

}  // namespace lastgood::config
