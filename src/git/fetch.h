// One fetch and what it shows of the candidates. Ancestry decides, for a fetch that succeeds proves
// nothing about the branch: servers give unreachable ids away, too.
#pragma once

#include "git/credentials.h"
#include "git/libgit2.h"

namespace lastgood::git {

// Locks the mirror, makes it when missing, and makes it afresh once when it turns out damaged.
GitResult<FetchResult> fetch_candidates(const Access& access, const FetchRequest& request);

}  // namespace lastgood::git
