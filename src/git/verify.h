// Who signed a commit, as ssh-keygen(1) and gpgv(1) judge it.
#pragma once

#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

// True, or an Error (permanent) that names the commit, its key and the mend.
GitResult<bool> verify_commits(const std::string& mirror, const VerifyRequest& request);

}  // namespace lastgood::git
