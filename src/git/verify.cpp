#include "git/verify.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "git/mirror.h"
#include "git/openpgp_signature.h"
#include "git/signed_commit.h"
#include "git/ssh_signature.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::git {
namespace {

using WalkPtr = std::unique_ptr<git_revwalk, Freer<git_revwalk_free>>;
using Oids = std::vector<git_oid>;

// The programs tell a file that they can't read like one that doesn't list the key.
GitResult<bool> need_file(const std::string& file, const std::string& key) {
    if (file.empty()) return succeeded(true);
    const auto bad = [&](const std::string& what, const std::string& mend) {
        return failed<bool>({{what, mend}, false});
    };
    const sys::Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        return bad(system_error("could not read " + file, errno).what,
                   errno == EACCES ? "let the user that lastgood runs as read it"
                                   : "make it, or correct " + key + " in the config");
    }
    struct stat info {};
    if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
        return bad(file + " is no file", "correct " + key + " in the config");
    }
    char begin[11] = {};
    const ssize_t got = read(fd.get(), begin, sizeof begin - 1);
    if (got <= 0) return bad(file + " lists no key", "add the keys of those who may deploy");
    if (key == "verify.gpg_keyring" && std::string_view(begin) == "-----BEGIN") {
        return bad(file + " is text, which gpgv can't read",
                   "write it by gpg --export without --armor");
    }
    return succeeded(true);
}

std::string files_of(const config::Verify& verify) {
    if (verify.allowed_signers.empty()) return verify.gpg_keyring;
    if (verify.gpg_keyring.empty()) return verify.allowed_signers;
    return verify.allowed_signers + " or " + verify.gpg_keyring;
}

GitResult<bool> check(const SignedCommit& commit, const config::Verify& verify) {
    const auto other_kind = [&](const std::string& has, const std::string& configured) {
        return refused(commit.name + " has " + has + ", but only " + configured + " is configured",
                       commit.instead);
    };
    switch (commit.kind()) {
        case SignatureKind::none:
            return refused(commit.name + " is not signed", commit.instead);
        case SignatureKind::ssh:
            if (verify.allowed_signers.empty()) {
                return other_kind("an ssh signature", "gpg_keyring");
            }
            return check_ssh_signature(commit, verify.allowed_signers);
        case SignatureKind::openpgp:
            if (verify.gpg_keyring.empty()) {
                return other_kind("an OpenPGP signature", "allowed_signers");
            }
            return check_openpgp_signature(commit, verify.gpg_keyring);
        case SignatureKind::x509:
            return refused(commit.name + " has an X.509 signature, which is not supported",
                           commit.instead);
        case SignatureKind::unknown:
            break;
    }
    return refused(commit.name + " has a signature of an unknown kind", commit.instead);
}

// Nothing where the commits that are trusted can't be told.
GitResult<std::optional<git_oid>> known(git_repository& mirror,
                                        const std::optional<CommitId>& since) {
    using Result = std::optional<git_oid>;
    git_oid oid;
    git_commit* commit = nullptr;
    if (!since || !to_oid(*since, oid)) return succeeded<Result>(std::nullopt);
    const int code = git_commit_lookup(&commit, &mirror, &oid);
    const CommitPtr owner(commit);
    if (code == GIT_ENOTFOUND) return succeeded<Result>(std::nullopt);
    if (code < 0) return failed<Result>(libgit2_error("could not read " + since->hex()));
    return succeeded<Result>(oid);
}

// The new one first.
GitResult<Oids> commits_between(git_repository& mirror, const git_oid& since,
                                const git_oid& commit) {
    const auto trouble = [] {
        return failed<Oids>(libgit2_error("could not read the history in the mirror"));
    };
    git_revwalk* walk = nullptr;
    if (git_revwalk_new(&walk, &mirror) < 0) return trouble();
    const WalkPtr owner(walk);
    if (git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME) < 0 ||
        git_revwalk_push(walk, &commit) < 0 || git_revwalk_hide(walk, &since) < 0) {
        return trouble();
    }
    Oids commits{commit};
    git_oid oid;
    int code = 0;
    while ((code = git_revwalk_next(&oid, walk)) == 0) {
        if (git_oid_equal(&oid, &commit) != 0) continue;
        if (commits.size() == limits::kVerifiedCommitsMax) {
            return failed<Oids>({{"more than " + std::to_string(limits::kVerifiedCommitsMax) +
                                      " commits came since " + to_commit_id(since).short_hex() +
                                      ", too many to verify each",
                                  "set verify.range to head, or deploy commits in between first"},
                                 true});
        }
        commits.push_back(oid);
    }
    if (code != GIT_ITEROVER) return trouble();
    return succeeded(std::move(commits));
}

GitResult<Oids> commits_to_ask(git_repository& mirror, const VerifyRequest& request) {
    git_oid commit;
    if (!to_oid(request.commit, commit)) {
        return failed<Oids>(
            {{"commit " + request.commit.short_hex() + " can't be verified", ""}, true});
    }
    if (!request.verify.all) return succeeded(Oids{commit});
    auto since = known(mirror, request.since);
    if (!since.value) return failed<Oids>(std::move(since.error));
    if (!*since.value) return succeeded(Oids{commit});
    return commits_between(mirror, **since.value, commit);
}

}  // namespace

GitResult<bool> verify_commits(const std::string& mirror, const VerifyRequest& request) {
    const config::Verify& verify = request.verify;
    if (!verify.wanted()) return succeeded(true);
    auto signers = need_file(verify.allowed_signers, "verify.allowed_signers");
    if (!signers.value) return signers;
    auto keyring = need_file(verify.gpg_keyring, "verify.gpg_keyring");
    if (!keyring.value) return keyring;
    auto opened = open_mirror(mirror);
    if (!opened.value) return failed<bool>(std::move(opened.error));
    auto commits = commits_to_ask(**opened.value, request);
    if (!commits.value) return failed<bool>(std::move(commits.error));
    const std::string by = "signed by a key of " + files_of(verify);
    for (const auto& id : *commits.value) {
        // No later commit makes up for one that range: all asks for.
        std::string instead = to_hex(id) == request.commit.hex()
                                  ? "push a commit that is " + by
                                  : "replace it by one that is " + by + " (git rebase -S)";
        auto commit = read_signed_commit(**opened.value, id, instead);
        if (!commit.value) return failed<bool>(std::move(commit.error));
        auto checked = check(*commit.value, verify);
        if (!checked.value) return checked;
    }
    return succeeded(true);
}

}  // namespace lastgood::git
