#include "git/environment.h"

#include <unistd.h>

#include <cstdlib>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

using Setting = std::pair<std::string, std::string>;

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* kPassedOn[] = {
    "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy",
    "HTTPS_PROXY",   "all_proxy",      "ALL_PROXY",     "no_proxy",     "NO_PROXY"};

// Memory in large pages where the kernel lets one ask for them: 20,000 files are a few megabytes of
// small pieces, and most of their time went into faults of small pages. Not for musl; ignored
// there.
constexpr const char* kLargePages = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1";

void pass_on(std::vector<std::string>& env, const char* name, const char* fallback = nullptr) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') value = fallback;
    if (value != nullptr) env.push_back(std::string(name) + "=" + value);
}

std::string shell_quoted(const std::string& word) {
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

// ssh splits at blanks and expands % in its file options.
std::string ssh_file_option(const std::string& name, const std::string& path) {
    std::string value;
    for (const char c : path) {
        if (c == '%') value += '%';
        if (c == '"' || c == '\\') value += '\\';
        value += c;
    }
    return " -o " + shell_quoted(name + "=\"" + value + "\"");
}

std::string ssh_command(const config::RepoAuth& auth) {
    const auto seconds = [](Millis time) { return std::to_string(time.count() / 1000); };
    // Host keys are never learnt on the way, and no master connection outlives the fetch. With -v
    // the fingerprint of a key that is refused is told.
    std::string command =
        "ssh -v -o BatchMode=yes -o StrictHostKeyChecking=yes -o ControlMaster=no"
        " -o ConnectTimeout=" +
        seconds(limits::kConnectTimeMax) +
        " -o ServerAliveCountMax=2 -o ServerAliveInterval=" + seconds(limits::kSilenceMax / 2);
    if (!auth.known_hosts.empty()) {
        command += ssh_file_option("UserKnownHostsFile", auth.known_hosts);
        command += " -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no";
    }
    if (!auth.ssh_key.empty()) {
        command += " -o IdentitiesOnly=yes";
        command += ssh_file_option("IdentityFile", auth.ssh_key);
    }
    return command;
}

std::vector<Setting> git_settings(const Access& access) {
    const std::string silence = std::to_string(limits::kSilenceMax.count() / 1000);
    std::vector<Setting> settings = {
        {"transfer.fsckObjects", "true"},
        // Faults of old tools that the large forges accept, too; harmless to a checkout.
        {"fetch.fsck.zeroPaddedFilemode", "ignore"},
        {"fetch.fsck.badTimezone", "ignore"},
        {"fetch.fsck.missingSpaceBeforeDate", "ignore"},
        {"protocol.version", "2"},
        {"http.lowSpeedLimit", "1"},
        {"http.lowSpeedTime", silence},
        {"core.sshCommand", ssh_command(access.remote.auth)},
        {"safe.directory", "*"},
        {"credential.helper", ""},
        {"core.hooksPath", "/dev/null"},
        {"gc.autoDetach", "false"},
        {"pack.threads", "1"},
        {"pack.windowMemory", "64m"},
        // Larger files pass through without being held in memory.
        {"core.bigFileThreshold", "32m"},
    };
    const config::RepoAuth& auth = access.remote.auth;
    if (!auth.ca_file.empty()) settings.emplace_back("http.sslCAInfo", auth.ca_file);
    if (!auth.proxy.empty()) settings.emplace_back("http.proxy", auth.proxy);
    if (!access.token.empty() && access.url.is_http()) {
        // Bound to the host: a redirect to another one doesn't get the token.
        settings.emplace_back(
            "http." + access.url.origin() + ".extraHeader",
            "Authorization: Basic " + base64_encode(access.username + ":" + access.token));
    }
    return settings;
}

}  // namespace

std::vector<std::string> worker_environment() {
    std::vector<std::string> env = {kLargePages};
    pass_on(env, "PATH", kDefaultPath);
    pass_on(env, "HOME", "/");
    pass_on(env, "LANG");
    pass_on(env, "TZ");
    for (const char* name : kPassedOn) pass_on(env, name);
    return env;
}

std::vector<std::string> git_environment(const Access& access) {
    std::vector<std::string> env = {kLargePages,
                                    "LC_ALL=C",
                                    "GIT_CONFIG_NOSYSTEM=1",
                                    "GIT_CONFIG_GLOBAL=/dev/null",
                                    "GIT_TERMINAL_PROMPT=0",
                                    "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh"};
    pass_on(env, "PATH", kDefaultPath);
    pass_on(env, "HOME", "/");
    for (const std::string_view name : kPassedOn) {
        // The variable would win over the setting.
        const bool replaced = name == "GIT_SSL_CAINFO" && !access.remote.auth.ca_file.empty();
        if (!replaced) pass_on(env, name.data());
    }
    const auto settings = git_settings(access);
    env.push_back("GIT_CONFIG_COUNT=" + std::to_string(settings.size()));
    for (std::size_t i = 0; i < settings.size(); ++i) {
        const std::string number = std::to_string(i);
        env.push_back("GIT_CONFIG_KEY_" + number + "=" + settings[i].first);
        env.push_back("GIT_CONFIG_VALUE_" + number + "=" + settings[i].second);
    }
    return env;
}

std::vector<std::string> local_environment() {
    std::vector<std::string> env = {"HOME=/", "LC_ALL=C"};
    pass_on(env, "PATH", kDefaultPath);
    pass_on(env, "TZ");
    return env;
}

bool is_installed(const std::string& program) {
    const char* path = std::getenv("PATH");
    for (const auto& folder : split(path != nullptr ? path : kDefaultPath, ':')) {
        if (!folder.empty() && access((folder + "/" + program).c_str(), X_OK) == 0) return true;
    }
    return false;
}

bool git_is_installed() {
    return is_installed("git");
}

}  // namespace lastgood::git
