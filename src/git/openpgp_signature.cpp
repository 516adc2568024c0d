#include "git/openpgp_signature.h"

#include <sys/wait.h>

#include <algorithm>

#include "git/environment.h"
#include "git/run.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::git {
namespace {

// The lines for programs ("[GNUPG:] KEYWORD word word"), described in gnupg's DETAILS.
class Status {
  public:
    explicit Status(const std::string& out) {
        constexpr std::string_view kMark = "[GNUPG:] ";
        for (const auto& line : split(out, '\n')) {
            if (line.starts_with(kMark)) {
                lines_.push_back(split(std::string_view(line).substr(kMark.size()), ' '));
            }
        }
    }

    [[nodiscard]] std::ptrdiff_t count(const std::string& keyword) const {
        return std::count_if(lines_.begin(), lines_.end(),
                             [&](const auto& line) { return line[0] == keyword; });
    }
    [[nodiscard]] bool has(const std::string& keyword) const { return count(keyword) > 0; }

    // Word n after the keyword of its first line; empty where there is none.
    [[nodiscard]] std::string word(const std::string& keyword, std::size_t n) const {
        for (const auto& line : lines_) {
            if (line[0] == keyword && line.size() > n) return line[n];
        }
        return "";
    }

  private:
    std::vector<std::vector<std::string>> lines_;
};

// The first of the words that is an id: newer versions tell a fingerprint, all of them a key's id.
std::string key_name(std::initializer_list<std::string> words) {
    for (const auto& word : words) {
        const bool is_id = word.size() >= 16 && word.size() <= 64 &&
                           word.find_first_not_of("0123456789ABCDEF") == std::string::npos;
        if (is_id) return word;
    }
    return "of unknown id";
}

// Only what is wholly good: gpgv exits with 0 for keys that have expired, too.
bool is_good(const Status& status) {
    for (const char* keyword : {"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"}) {
        if (status.has(keyword)) return false;
    }
    constexpr std::size_t kClass = 9;  // 00: over bytes, and not over text with its blanks removed
    return status.count("NEWSIG") <= 1 && status.count("GOODSIG") == 1 &&
           status.count("VALIDSIG") == 1 && status.word("VALIDSIG", kClass) == "00";
}

GitResult<bool> why_not(const SignedCommit& commit, const std::string& keyring,
                        const Status& status) {
    if (status.count("NEWSIG") > 1) {
        return refused(commit.name + " carries several OpenPGP signatures", commit.instead);
    }
    if (status.has("BADSIG")) {
        return refused("the signature of " + commit.name + " doesn't fit its content",
                       "somebody changed the commit after it was signed: " + commit.instead);
    }
    const std::string key =
        "OpenPGP key " +
        key_name({status.word("VALIDSIG", 1), status.word("ERRSIG", 7), status.word("ERRSIG", 1)});
    const std::string by = commit.name + " is signed by " + key;
    if (status.has("NO_PUBKEY")) {
        return refused(by + ", which is not in " + keyring, list_key_or(commit, keyring));
    }
    if (status.has("REVKEYSIG")) return refused(by + ", which was revoked", commit.instead);
    if (status.has("EXPKEYSIG")) {
        return refused(by + ", which has expired",
                       "export the key to " + keyring +
                           " again when its owner has prolonged it, or " + commit.instead);
    }
    if (status.has("EXPSIG")) {
        return refused("the signature of " + commit.name + " by " + key + " has expired",
                       commit.instead);
    }
    if (status.has("ERRSIG")) {
        return refused(by + " in a way that gpgv can't verify", commit.instead);
    }
    return refused("the OpenPGP signature of " + commit.name + " is none over a commit's bytes",
                   commit.instead);
}

}  // namespace

GitResult<bool> check_openpgp_signature(const SignedCommit& commit, const std::string& keyring) {
    if (!is_installed("gpgv")) {
        return failed<bool>({{"gpgv, which verifies OpenPGP signatures, is not installed",
                              "install the package gpgv"},
                             false});
    }
    Program program;
    program.argv = {"gpgv", "--keyring", keyring, "--status-fd", "1", "--", kFileOfProgram, "-"};
    program.env = local_environment();
    program.input = commit.payload;
    program.file = commit.signature;
    const auto output = run_program(program);
    if (!output) return failed<bool>({output.error(), false});
    if (!WIFEXITED(output->wait_status)) {
        return failed<bool>(
            {{"gpgv " + sys::describe_wait_status(output->wait_status), ""}, false});
    }
    if (output->out.size() >= limits::kGitOutputBytesMax) {
        return refused(commit.name + " carries several OpenPGP signatures", commit.instead);
    }
    const Status status(output->out);
    if (output->ok() && is_good(status)) return succeeded(true);
    return why_not(commit, keyring, status);
}

}  // namespace lastgood::git
