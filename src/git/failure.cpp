#include "git/failure.h"

#include <array>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

struct Sign {
    std::string_view words;  // lower case
    Failure failure;
};

// In order of weight: ssh says several of these in one breath.
constexpr std::array kSigns = {
    Sign{"detected dubious ownership", Failure::owner_not_trusted},
    Sign{"is not owned by current user", Failure::owner_not_trusted},  // libgit2
    Sign{"remote host identification has changed", Failure::host_key_changed},
    Sign{"host key is known for", Failure::host_key_unknown},
    Sign{"host key verification failed", Failure::host_key_unknown},
    Sign{"remote ssh hostkey", Failure::host_key_unknown},
    Sign{"permission denied (", Failure::key_refused},
    Sign{"too many authentication failures", Failure::key_refused},
    Sign{"authenticate ssh session", Failure::key_refused},
    Sign{"no ssh key is set", Failure::key_refused},
    Sign{"could not read username", Failure::login_refused},
    Sign{"could not read password", Failure::login_refused},
    Sign{"authentication failed", Failure::login_refused},
    Sign{"authentication replays", Failure::login_refused},
    Sign{"returned error: 401", Failure::login_refused},
    Sign{"returned error: 403", Failure::login_refused},
    Sign{"status code: 401", Failure::login_refused},
    Sign{"status code: 403", Failure::login_refused},
    Sign{"no token is set", Failure::login_refused},
    Sign{"the remote refused the token", Failure::login_refused},
    Sign{"could not resolve host", Failure::host_not_found},
    Sign{"name or service not known", Failure::host_not_found},
    Sign{"name resolution", Failure::host_not_found},
    Sign{"unable to look up", Failure::host_not_found},
    Sign{"failed to resolve address", Failure::host_not_found},
    Sign{"connection refused", Failure::connection_refused},
    Sign{"couldn't connect to server", Failure::connection_refused},  // curl since 7.87
    Sign{"connection timed out", Failure::timed_out},
    Sign{"operation timed out", Failure::timed_out}, Sign{"operation too slow", Failure::timed_out},
    Sign{"timeout", Failure::timed_out}, Sign{"no space left on device", Failure::disk_full},
    Sign{"disk quota exceeded", Failure::disk_full},
    Sign{"died of signal 25", Failure::pack_too_large},
    Sign{"file too large", Failure::pack_too_large},
    Sign{"file size limit exceeded", Failure::pack_too_large},
    Sign{"fsck error", Failure::objects_refused}, Sign{"ssh: not found", Failure::ssh_missing},
    Sign{"cannot run ssh", Failure::ssh_missing},
    Sign{"does not match target host", Failure::certificate_of_another},
    Sign{"no alternative certificate subject name", Failure::certificate_of_another},
    Sign{"certificate has expired", Failure::certificate_expired},
    Sign{"certificate", Failure::certificate},
    Sign{"repository not found", Failure::repository_not_found},
    Sign{"does not appear to be a git repository", Failure::repository_not_found},
    Sign{"repository not exported", Failure::repository_not_found},
    Sign{"could not find repository", Failure::repository_not_found},
    Sign{"failed to resolve path", Failure::repository_not_found},
    Sign{"returned error: 404", Failure::repository_not_found},
    Sign{"status code: 404", Failure::repository_not_found},
    Sign{"' does not exist", Failure::repository_not_found},
    Sign{"' not found", Failure::repository_not_found},
    Sign{"out of memory", Failure::out_of_memory},
    Sign{"returned error: 429", Failure::server_in_trouble},
    Sign{"returned error: 5", Failure::server_in_trouble},
    Sign{"status code: 429", Failure::server_in_trouble},
    Sign{"status code: 5", Failure::server_in_trouble},
    // A connection that broke makes git complain of what it read until then, too.
    Sign{"transfer closed", Failure::cut_off}, Sign{"unexpected disconnect", Failure::cut_off},
    Sign{"early eof", Failure::cut_off}, Sign{"empty reply from server", Failure::cut_off},
    Sign{"connection closed by", Failure::cut_off}, Sign{"connection reset", Failure::cut_off},
    Sign{"non-properly terminated", Failure::cut_off},                 // GnuTLS
    Sign{"error decoding the received tls packet", Failure::cut_off},  // GnuTLS, half a packet
    Sign{"unexpected eof", Failure::cut_off},                          // OpenSSL, libgit2
    Sign{"ssl error: syscall failure", Failure::cut_off},              // OpenSSL 3.0, libgit2 1.7
    Sign{"stream ended at an unexpected time", Failure::cut_off},      // libgit2, http
    Sign{"connection indicated an eof", Failure::cut_off},             // mbedTLS
    Sign{"invalid ssl record", Failure::not_git},                      // mbedTLS
    Sign{"unexpected tls packet", Failure::not_git},                   // GnuTLS
    Sign{"wrong version number", Failure::not_git},                    // OpenSSL
    Sign{"http/0.9", Failure::not_git}, Sign{"redirects followed", Failure::not_git},
    Sign{"is this a git repository", Failure::not_git}, Sign{"banner exchange", Failure::not_git},
    Sign{"protocol error", Failure::not_git},
    Sign{"bad packet length", Failure::not_git},                   // libgit2
    Sign{"http parser error", Failure::not_git},                   // libgit2
    Sign{"invalid content-type", Failure::not_git},                // libgit2
    Sign{"answer is not understood", Failure::not_git},            // of libgit2, too
    Sign{"failed getting banner", Failure::not_ssh},               // libssh2
    Sign{"unable to exchange encryption keys", Failure::cut_off},  // libssh2
    Sign{"failed to open ssh channel", Failure::cut_off},          // libgit2
    Sign{"transport read", Failure::cut_off},                      // libssh2
    Sign{"expected flush after", Failure::cut_off}, Sign{"hung up", Failure::cut_off},
    Sign{"could not read from remote repository", Failure::cut_off},
    Sign{"could not read refs from remote", Failure::cut_off},  // libgit2 1.9
};

const Sign* sign_in(std::string_view said) {
    const std::string lowered = to_lower(said);
    for (const Sign& sign : kSigns) {
        if (lowered.find(sign.words) != std::string::npos) return &sign;
    }
    return nullptr;
}

// The first line that has the sign, else the last that git itself calls fatal, else the last.
std::string telling_line(std::string_view said) {
    const Sign* sign = sign_in(said);
    std::string fatal;
    std::string last;
    for (const std::string& raw : split(said, '\n')) {
        const std::string line(trim(raw));
        if (line.empty()) continue;
        if (sign != nullptr && to_lower(line).find(sign->words) != std::string::npos) return line;
        if (line.starts_with("fatal:") || line.starts_with("error:")) fatal = line;
        last = line;
    }
    const std::string chosen = fatal.empty() ? last : fatal;
    return chosen.empty() ? "git gave no reason" : chosen;
}

std::string known_hosts_path(const Access& access) {
    const auto& path = access.remote.auth.known_hosts;
    return path.empty() ? "~/.ssh/known_hosts" : path;
}

std::string keyscan(const Access& access) {
    const std::string port = access.url.port.empty() ? "" : "-p " + access.url.port + " ";
    return "`ssh-keyscan " + port + "-H " + access.url.host + " >> " + known_hosts_path(access) +
           "`";
}

// "127.0.0.1:2222", as openssl takes it.
std::string place(const Access& access) {
    return access.url.host + ":" + (access.url.port.empty() ? "443" : access.url.port);
}

// ssh (-v) and the words made for libgit2 name the key by its fingerprint.
std::string shown_key(std::string_view said) {
    const auto begin = said.find("SHA256:");
    if (begin == std::string_view::npos) return "";
    const auto end =
        said.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                               begin + std::string_view("SHA256:").size());
    return "; it showed " + std::string(said.substr(begin, end - begin));
}

std::string key_mend(const Access& access) {
    const auto& key = access.remote.auth.ssh_key;
    if (key.empty()) return "set auth.ssh_key to a key that the remote accepts";
    return "add the public half (`ssh-keygen -y -f " + key +
           "`) to the repository's deploy keys, and check that only its owner can read " + key;
}

std::string login_mend(const Access& access) {
    if (!access.url.is_http()) return "check who may read the repository";
    if (access.token.empty()) {
        return "set auth.token_file (and auth.username where the forge wants one), and check that "
               "the repository exists";
    }
    return "check auth.token_file: has the token expired, and may it read this repository?";
}

std::string certificate_mend(Failure failure, const Access& access) {
    if (failure == Failure::certificate_expired) {
        return "its operator must renew it; check this server's clock, too";
    }
    if (failure == Failure::certificate_of_another) {
        return "check the host in `repo`: the certificate is made out to another";
    }
    return "`openssl s_client -verify_hostname " + access.url.host + " -connect " + place(access) +
           "` tells whether it has expired, is made out to another host, or is of an authority "
           "that this server doesn't know; name that one's certificate by auth.ca_file";
}

// As git names it: "… in repository at '/srv/git/backend.git'".
std::string quoted_path(std::string_view said) {
    const auto begin = said.find('\'');
    const auto end = said.find('\'', begin + 1);
    if (begin == std::string_view::npos || end == std::string_view::npos) return "PATH";
    return printable(said.substr(begin + 1, end - begin - 1), 300);
}

std::string mend_for(Failure failure, const Access& access, std::string_view said) {
    switch (failure) {
        case Failure::host_key_changed:
            return "if the server really has a new key, remove the old one (`ssh-keygen -R '" +
                   (access.url.port.empty() ? access.url.host
                                            : "[" + access.url.host + "]:" + access.url.port) +
                   "' -f " + known_hosts_path(access) + "`), run " + keyscan(access) +
                   " and compare the fingerprint with the one its operator publishes" +
                   shown_key(said);
        case Failure::host_key_unknown:
            return "run " + keyscan(access) +
                   " and compare the fingerprint with the one its operator publishes" +
                   shown_key(said);
        case Failure::key_refused:
            return key_mend(access);
        case Failure::login_refused:
            return login_mend(access);
        case Failure::host_not_found:
            return "check the host in `repo` and this server's DNS";
        case Failure::connection_refused:
            return "check host and port in `repo`, and whether the server is up";
        case Failure::timed_out:
            return "see whether the remote is up and a firewall lets this server through";
        case Failure::repository_not_found:
            if (access.url.is_local()) {
                return "check `repo`: there is no git repository, or the daemon's user may not "
                       "enter a folder on the way to it";
            }
            return "check `repo`, and that these credentials may read it";
        case Failure::owner_not_trusted:
            return "it belongs to another user than the daemon's; have git trust it all the same: "
                   "`sudo git config --system --add safe.directory '" +
                   quoted_path(said) + "'`";
        case Failure::certificate:
        case Failure::certificate_expired:
        case Failure::certificate_of_another:
            return certificate_mend(failure, access);
        case Failure::pack_too_large:
            return "it is larger than " + format_size(limits::kPackBytesMax) +
                   ", the most that is fetched";
        case Failure::objects_refused:
            return "the repository holds objects that are harmful or broken; `git fsck` in a clone "
                   "names them";
        case Failure::disk_full:
            return "make room on the disk of state_dir";
        case Failure::ssh_missing:
            return "install the ssh client (package openssh-client)";
        case Failure::out_of_memory:
            return "the remote sends more than fits into " +
                   format_size(limits::kGitMemoryBytesMax) +
                   " of memory: check what answers at the address in `repo`";
        case Failure::server_in_trouble:
            return "the trouble is the server's own; if it lasts, ask its operator";
        case Failure::not_git:
            return "what answers there doesn't speak git's protocol: check host, port and path in "
                   "`repo`, and whether a proxy or a login page stands in between";
        case Failure::not_ssh:
            return "the remote ended the connection, or what answers there is no ssh server: check "
                   "host and port in `repo`";
        case Failure::cut_off:
            return "the remote ended the connection; its log may say why";
        case Failure::other:
            return "";
    }
    return "";
}

}  // namespace

Failure classify(std::string_view said) {
    const Sign* sign = sign_in(said);
    return sign != nullptr ? sign->failure : Failure::other;
}

GitError explain_failure(const Access& access, const std::string& doing, const std::string& said) {
    const std::string safe = without_token(said, access);
    const Failure failure = classify(safe);
    std::string line = telling_line(safe);
    for (const std::string_view prefix : {"fatal: ", "error: "}) {
        if (line.starts_with(prefix)) line.erase(0, prefix.size());
    }
    if (line.starts_with("@ ")) line = trim(std::string_view(line).substr(1, line.size() - 2));
    return {{doing + " " + printable(shown_url(access.remote.url), 300) +
                 " failed: " + printable(line, 500),
             mend_for(failure, access, safe)},
            failure == Failure::objects_refused};
}

bool says_branch_missing(std::string_view said) {
    return to_lower(said).find("couldn't find remote ref") != std::string::npos;
}

bool hints_at_damage(std::string_view said) {
    constexpr std::string_view kWords[] = {
        "bad object",        "is corrupt",      "is empty",          "not a git repository",
        "packfile",          "unable to read",  "missing blob",      "missing tree",
        "missing commit",    "could not read",  "necessary objects", "bad tree",
        "unresolved deltas", "failed to parse", "index file"};
    const std::string lowered = to_lower(said);
    for (const auto words : kWords) {
        if (lowered.find(words) != std::string::npos) return true;
    }
    return false;
}

}  // namespace lastgood::git
