#include "git/ssh_signature.h"

#include <sys/wait.h>

#include <algorithm>
#include <ctime>

#include "git/environment.h"
#include "git/run.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::git {
namespace {

constexpr std::size_t kPrincipalsMax = 256;  // of one key; each costs a run of ssh-keygen
constexpr std::size_t kSaidBytesMax = 300;

// The commit's time for ssh-keygen, local as the times in the file are. What lies outside of the
// years that it reads is before or after all of them just the same.
std::string verify_time(std::int64_t seconds) {
    constexpr std::int64_t kFirst = 2LL * 86'400;             // not before 1970 in any time zone
    constexpr std::int64_t kLast = 253'402'300'799 - kFirst;  // nor after 9999
    const std::time_t time = std::clamp(seconds, kFirst, kLast);
    std::tm local{};
    localtime_r(&time, &local);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &local);
    return "-Overify-time=" + std::string(text, length);
}

Expected<ProgramOutput> ssh_keygen(const SignedCommit& commit, const std::string& operation,
                                   const std::vector<std::string>& arguments) {
    Program program;
    program.argv = {"ssh-keygen", "-Y", operation, "-s", kFileOfProgram};
    program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
    program.env = local_environment();
    program.input = commit.payload;
    program.file = commit.signature;
    return run_program(program);
}

bool says(const std::string& said, std::string_view text) {
    return said.find(text) != std::string::npos;
}

std::string last_line(const std::string& said) {
    const std::string_view all = trim(said);
    const auto at = all.rfind('\n');
    return printable(at == std::string::npos ? all : all.substr(at + 1), kSaidBytesMax);
}

// What it said of a line of the file, such as an expiry: " (FILE:3: key has expired)".
std::string about_file(const std::string& said, const std::string& file) {
    std::string found;
    for (const auto& line : split(said, '\n')) {
        if (line.starts_with(file + ":")) found = " (" + printable(trim(line), kSaidBytesMax) + ")";
    }
    return found;
}

// Why no run of it said yes: asks once more, whatever the file may allow.
GitResult<bool> why_not(const SignedCommit& commit, const std::string& file,
                        const std::string& said) {
    const auto asked = ssh_keygen(commit, "check-novalidate", {"-n", "git"});
    if (!asked) return failed<bool>({asked.error(), false});
    for (const char* words : {"usage:", "Invalid option", "Unsupported operation"}) {
        if (!says(said, words) && !says(asked->err, words)) continue;
        return failed<bool>({{"this server's ssh-keygen is too old to verify " + commit.name,
                              "install openssh-client 8.9 or newer"},
                             false});
    }
    if (asked->ok()) {
        const std::string line = last_line(asked->out);  // "Good ... with ED25519 key SHA256:..."
        return refused(commit.name + " is signed by ssh key " + line.substr(line.rfind(' ') + 1) +
                           ", which " + file + " does not allow" + about_file(said, file),
                       list_key_or(commit, file));
    }
    if (!WIFEXITED(asked->wait_status)) {
        return failed<bool>(
            {{"ssh-keygen " + sys::describe_wait_status(asked->wait_status), ""}, false});
    }
    if (says(asked->err, "namespace does not match")) {
        return refused("the ssh signature of " + commit.name + " was not made for git",
                       "let git sign (git commit -S with gpg.format = ssh): " + commit.instead);
    }
    if (says(asked->err, "incorrect signature")) {
        return refused("the signature of " + commit.name + " doesn't fit its content",
                       "somebody changed the commit after it was signed: " + commit.instead);
    }
    return refused(
        "the ssh signature of " + commit.name + " can't be read: " + last_line(asked->err),
        commit.instead);
}

}  // namespace

GitResult<bool> check_ssh_signature(const SignedCommit& commit, const std::string& file) {
    if (!is_installed("ssh-keygen")) {
        return failed<bool>({{"ssh-keygen, which verifies ssh signatures, is not installed",
                              "install the package openssh-client"},
                             false});
    }
    const std::string time = verify_time(commit.time);
    const auto found = ssh_keygen(commit, "find-principals", {"-f", file, time});
    if (!found) return failed<bool>({found.error(), false});
    std::string said = found->err;
    std::vector<std::string> principals;
    if (found->ok()) principals = split(found->out, '\n');
    if (principals.size() > kPrincipalsMax) principals.resize(kPrincipalsMax);
    for (const auto& principal : principals) {
        if (principal.empty()) continue;
        // It may begin with '-', so it is never an argument of its own: -I takes what follows.
        const auto verified =
            ssh_keygen(commit, "verify", {"-n", "git", "-f", file, "-I", principal, time});
        if (!verified) return failed<bool>({verified.error(), false});
        if (verified->ok() && verified->out.starts_with("Good \"git\" signature for ")) {
            return succeeded(true);
        }
        said += verified->err;
    }
    return why_not(commit, file, said);
}

}  // namespace lastgood::git
