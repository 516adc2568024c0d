// The configuration as read from lastgood.yaml: plain values, defaults filled in, secrets resolved.
//
// Made by load() (load.h) only, which reports every fault at once. Whoever holds a Config may rely
// on its rules: names are valid, an app has exactly the keys it needs, paths are absolute.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/network.h"
#include "lastgood/base/time.h"
#include "lastgood/core/provider.h"
#include "lastgood/core/settings.h"

namespace lastgood::config {

// One command: a string for /bin/sh -c, or a list executed as it is.
struct Command {
    std::vector<std::string> argv;  // {"/bin/sh", "-c", TEXT} for a string
    std::string text;               // as written, for people
};

struct ListenAddress {
    std::string host;  // "0.0.0.0", "127.0.0.1", "::"; an IPv4 address or the IPv6 wildcard
    std::uint16_t port = 0;
    [[nodiscard]] std::string text() const;  // "0.0.0.0:8787", "[::]:8787"
};

using core::Provider;

struct Ready {
    enum class Kind { http, notify, after };
    Kind kind = Kind::after;
    // http: with an empty `host` a path on the app's own `listen`, asked in the standby slot; else
    // a literal address.
    std::string host;
    std::uint16_t port = 0;
    std::string path;
    Millis after{2000};
    Millis within = limits::kReadyWithinDefault;
};

struct Stop {
    int signal = 15;
    Millis timeout = limits::kStopTimeoutDefault;
};

enum class Transport { automatic, git, libgit2 };

// How the remote is reached. Files are read anew for each fetch.
struct RepoAuth {
    std::string ssh_key;      // path
    std::string known_hosts;  // path
    std::string username;
    std::string token_file;  // path
};

// Where the secrets stand, for people and for who makes a missing one.
struct SecretPlace {
    enum class Kind { nowhere, file, variable, config };
    Kind kind = Kind::nowhere;
    std::string name;  // the file's absolute path, or the variable's name
};

struct AppWebhook {
    Provider provider = Provider::github;
    std::vector<std::string> secrets;  // never empty where there is a receiver
    SecretPlace place;                 // of its own, or of those for all apps
    std::vector<Network> allow_from;   // empty: from everywhere
};

// Both empty: no TLS.
struct TlsPaths {
    std::string cert;
    std::string key;
    int line = 1;  // where the section stands, for faults found in the files
    int column = 1;
};

// The receiver, for all apps.
struct Webhook {
    std::optional<ListenAddress> listen;
    bool from_systemd = false;             // its socket is passed by systemd
    Provider provider = Provider::github;  // of POST /hooks, as the secrets
    std::vector<std::string> secrets;
    SecretPlace place;
    std::string public_url;  // as the forges reach it, without a last slash; empty: not set
    std::uint64_t max_body = limits::kBodyBytesMaxDefault;
    TlsPaths tls;
    std::vector<Network> trusted_proxies = loopback_networks();
    std::vector<Network> allow_from;                                     // empty: from everywhere
    int bad_requests_per_minute = limits::kBadRequestsPerMinuteDefault;  // 0: any number

    // Without a receiver there are only the poller and the commands.
    [[nodiscard]] bool has_receiver() const { return listen || from_systemd; }
};

struct Hooks {
    std::vector<Command> before_switch;
    std::vector<Command> after_switch;
    std::vector<Command> on_rollback;
    std::vector<Command> on_failure;
};

struct App {
    AppName name;
    std::string repo{};
    std::string branch = "main";
    RepoAuth auth{};
    Transport transport = Transport::automatic;
    AppWebhook webhook{};
    std::optional<Millis> poll = limits::kPollDefault;  // none: only once, at start
    std::vector<Command> build{};
    Millis build_timeout = limits::kBuildTimeDefault;
    Command run{};
    std::string workdir = ".";
    std::map<std::string, std::string> env{};
    std::string env_file{};  // path; read anew at each start
    std::optional<ListenAddress> listen{};
    Ready ready{};
    Stop stop{};
    Hooks hooks{};
    core::Settings rules{};
};

enum class LogLevel { error, warn, info, http, debug };
enum class LogFormat { text, json };

struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::uint64_t max_size = limits::kLogBytesMaxDefault;
    int keep = limits::kLogKeepDefault;
    bool compress = true;
};

struct Config {
    std::string path;  // of the file
    std::string state_dir = "/var/lib/lastgood";
    std::string runtime_dir = "/run/lastgood";
    Webhook webhook;
    Log log;
    std::vector<App> apps;  // in the order of the file

    [[nodiscard]] const App* find(const AppName& name) const;
};

}  // namespace lastgood::config
