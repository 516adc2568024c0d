// A commit's signature and what it was made over.
#pragma once

#include <cstdint>
#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

enum class SignatureKind { none, ssh, openpgp, x509, unknown };

struct SignedCommit {
    std::string name;       // "commit 3f2a1c0"
    std::string instead;    // what to push in its place, for a mend
    std::string signature;  // empty: there is none
    std::string payload;    // the commit without its signature, byte for byte
    std::int64_t time = 0;  // the committer's, in seconds since 1970

    [[nodiscard]] SignatureKind kind() const;
};

// Refuses, for good, what is signed in a way that different readers would read differently.
GitResult<SignedCommit> read_signed_commit(git_repository& mirror, const git_oid& id,
                                           const std::string& instead);

// A commit that will never be accepted.
GitResult<bool> refused(std::string what, std::string mend);

// The mend for a key that isn't listed in the file.
std::string list_key_or(const SignedCommit& commit, const std::string& file);

}  // namespace lastgood::git
