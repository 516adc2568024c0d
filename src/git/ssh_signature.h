// Signatures by ssh keys, as ssh-keygen(1) judges them.
#pragma once

#include "git/signed_commit.h"

namespace lastgood::git {

// Was it made for git by a key that the allowed_signers file allowed at the commit's time?
GitResult<bool> check_ssh_signature(const SignedCommit& commit, const std::string& file);

}  // namespace lastgood::git
