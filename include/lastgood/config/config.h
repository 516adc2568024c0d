// The configuration as read from lastgood.yaml: plain values, defaults filled in, secrets resolved.
//
// Made by load() (load.h) only, which reports every fault at once. Whoever holds a Config may rely
// on its rules: names are valid, an app has exactly the keys it needs, paths are absolute.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/network.h"
#include "lastgood/base/time.h"
#include "lastgood/config/fleet.h"
#include "lastgood/config/notify.h"
#include "lastgood/core/followed.h"
#include "lastgood/core/provider.h"
#include "lastgood/core/settings.h"
#include "lastgood/core/week_time.h"

namespace lastgood::config {

// One command: a string for /bin/sh -c, or a list executed as it is.
struct Command {
    std::vector<std::string> argv;  // {"/bin/sh", "-c", TEXT} for a string
    std::string text;               // as written, for people
};

struct ListenAddress {
    std::string host{};  // an IP address: "0.0.0.0", "127.0.0.1", "::", "::1"
    std::uint16_t port = 0;
    std::string path{};  // of a unix socket, instead of the two
    std::string name{};  // of several (`listen: {NAME: ADDRESS}`); empty: it has none
    [[nodiscard]] bool is_unix() const { return !path.empty(); }
    // "0.0.0.0:8787", "[::]:8787", "unix:/run/shop/http.sock"
    [[nodiscard]] std::string text() const;
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
    // How long what users have left may finish what it is at, before the signal; none: as timeout.
    std::optional<Millis> drain{};
};

enum class Transport { automatic, git, libgit2 };

// How the remote is reached. Files are read anew for each fetch.
struct RepoAuth {
    std::string ssh_key;      // path
    std::string known_hosts;  // path
    std::string username;
    std::string token_file;  // path
    std::string ca_file;     // path; of the authorities that an https remote is checked by
    std::string proxy;       // http://HOST:PORT or socks5://HOST:PORT; empty: the environment's
    bool operator==(const RepoAuth&) const = default;
};

// Whose signature a commit must have; both empty: nobody's.
struct Verify {
    std::string allowed_signers;  // path, as ssh-keygen(1) reads it
    std::string gpg_keyring;      // path, as gpgv(1) reads it
    bool all = false;             // every commit since the last good one, not the new one alone

    [[nodiscard]] bool wanted() const { return !allowed_signers.empty() || !gpg_keyring.empty(); }
};

// A folder that builds fill and that is carried on from release to release.
struct CacheFolder {
    std::string path;  // in the release
    std::string key;   // file in the release whose content must be the same; empty: the usual one
};

// How a release's unchanged files come from the one before: by whatever the file system offers,
// always written anew, or by hard links to files that the app's user can't write.
enum class Materialise { automatic, copy, link };

// Whom an app's commands run as; empty: whom the daemon runs as.
struct Account {
    std::string user;   // a name, or a number
    std::string group;  // empty: the user's own
    bool operator==(const Account&) const = default;
};

// What each process of an app may do and use; a value that is missing stays as the daemon's.
struct ProcessLimits {
    std::optional<int> nofile;  // open descriptors
    std::optional<int> nice;
    std::optional<int> umask;
    bool no_new_privileges = false;
    std::vector<std::string> read_only_paths;  // absolute
    bool operator==(const ProcessLimits&) const = default;
};

// Where the secrets stand, for people and for who makes a missing one.
struct SecretPlace {
    enum class Kind { nowhere, file, variable, config };
    Kind kind = Kind::nowhere;
    std::string name;  // the file's absolute path, or the variable's name
};

// The command that makes one which the daemon can read and nobody else, its folder too.
std::string how_to_write_secret(const std::string& path, const std::string& user = "lastgood");

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

// A file that the daemon reads, and where it is named, for faults that are found later.
struct NamedFile {
    std::string path;
    std::string key;  // "apps.backend.env_file"
    int line = 1;
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

// The dashboard and the control API over TCP. Never without a token.
struct Admin {
    std::optional<ListenAddress> listen;   // none: there is neither
    std::vector<std::string> tokens;       // for everything
    std::vector<std::string> read_tokens;  // for looking; one that is in both is for looking
    SecretPlace place;
    SecretPlace read_place;
    TlsPaths tls;
    std::vector<Network> trusted_proxies = loopback_networks();
};

struct Hooks {
    std::vector<Command> before_switch;
    std::vector<Command> after_switch;
    std::vector<Command> on_rollback;
    std::vector<Command> on_failure;
};

// What of its own deployment a repository may decide, in the file lastgood.yaml of its commits.
struct RepositoryRules {
    std::vector<std::string> keys{};  // empty: nothing
    std::string root = ".";           // the folder of that file
    bool listens = false;             // the app has `listen`
    [[nodiscard]] bool allows(std::string_view key) const;
};

struct App {
    // Two releases can run side by side.
    [[nodiscard]] bool has_slots() const { return !listen.empty() || ports.has_value(); }
    // On TCP, by `listen`.
    [[nodiscard]] bool listens_on_port() const {
        return std::any_of(listen.begin(), listen.end(),
                           [](const auto& address) { return !address.is_unix(); });
    }

    AppName name;
    std::string repo{};
    core::Followed followed{};
    std::string root = ".";            // the app's folder in the repository
    std::vector<std::string> paths{};  // deploy only when one of these changed; empty: always
    RepoAuth auth{};
    std::optional<int> depth{};  // of the history that is fetched; none: all
    Verify verify{};
    bool submodules = false;
    bool export_ignore = false;  // leave out what .gitattributes marks so
    Materialise materialise = Materialise::automatic;
    std::vector<CacheFolder> cache{};
    Transport transport = Transport::automatic;
    AppWebhook webhook{};
    std::optional<Millis> poll = limits::kPollDefault;  // none: only once, at start
    Millis fetch_timeout = limits::kFetchTimeDefault;
    std::vector<Command> build{};
    Millis build_timeout = limits::kBuildTimeDefault;
    Command run{};              // may be empty where the repository decides it
    std::string workdir = ".";  // in the release, root included
    Account account{};
    int user_line = 1;  // where `user` stands, for faults found on the machine
    int user_column = 1;
    ProcessLimits limits{};
    std::optional<std::uint64_t> memory_max{};    // bytes of all its processes; beyond it, renewed
    bool exit_with_app = false;                   // the only app: when it is over, so is the daemon
    std::optional<int> cpu_max{};                 // percent of one CPU
    std::optional<core::WeekTime> renew_every{};  // restart.every
    std::map<std::string, std::string> env{};
    std::string env_file{};               // path; read anew at each start
    std::vector<ListenAddress> listen{};  // the first is the one that is asked whether it's ready
    // For those behind a proxy, instead of `listen`: each slot's own, in its $PORT; and the
    // commands that have the proxy send users to $LASTGOOD_PORT.
    std::optional<std::array<std::uint16_t, 2>> ports{};
    std::vector<Command> proxy{};
    bool preload = false;  // `adopt`: it takes the socket of `listen` by binding the port itself
    Ready ready{};
    Stop stop{};
    Hooks hooks{};
    std::vector<std::string> logs{};  // that it writes itself: absolute, or in its workdir
    RepositoryRules repository{};
    std::vector<NotifyTarget> notify{};   // its own, or those for all apps
    std::optional<ForgeStatus> status{};  // at the forge of its webhook
    bool fleet = true;                    // where there is a fleet, it is deployed by that
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
    bool journald = false;  // output of apps goes to the system's journal as well
};

// Groups by name (or number) that may use the control socket, and for what. All empty: those who
// may open it, for everything.
struct ControlGroups {
    std::vector<std::string> read, deploy, admin;
    bool operator==(const ControlGroups&) const = default;
};

struct Config {
    std::string path;  // of the file
    std::string state_dir = "/var/lib/lastgood";
    std::string runtime_dir = "/run/lastgood";
    Webhook webhook;
    Log log;
    ControlGroups control;
    Admin admin;
    std::optional<Fleet> fleet;    // none: this machine stands alone
    std::vector<App> apps;         // in the order of the file
    std::vector<NamedFile> files;  // all that it names, secrets and keys among them

    [[nodiscard]] const App* find(const AppName& name) const;
};

}  // namespace lastgood::config
