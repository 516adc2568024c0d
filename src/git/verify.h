// Who signed a commit, as ssh-keygen(1) and gpgv(1) judge it.
#pragma once

#include <string>

#include "git/libgit2.h"

namespace lastgood::git {

// True, or an Error that names the commit, its key and the mend; permanent unless it is for the
// server's files or programs.
//
// The new commit is always asked, also where `since` reaches it. With verify.all so are the commits
// that `since` doesn't reach, newest first, up to the first bad one. Where `since` isn't given or
// isn't in the mirror (a first deployment, a mirror made anew) the new commit is asked alone:
// else every commit that there ever was would be.
GitResult<bool> verify_commits(const std::string& mirror, const VerifyRequest& request);

}  // namespace lastgood::git
