// Signatures by OpenPGP keys, as gpgv(1) judges them.
#pragma once

#include "git/signed_commit.h"

namespace lastgood::git {

// Is it the good signature of one key of the keyring that is neither expired nor revoked today?
GitResult<bool> check_openpgp_signature(const SignedCommit& commit, const std::string& keyring);

}  // namespace lastgood::git
