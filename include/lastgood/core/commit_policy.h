// Which commit a fetched request leads to, by ancestry (pure).
//
//  - A commit that isn't there yet is waited for: forges announce before they replicate.
//  - A commit that the configured branch doesn't hold is refused, whoever asks for it.
//  - Of several wishes (deliveries arrive out of order) the newest by ancestry is meant; the
//  branch's
//    tip decides where they diverged.
//  - A webhook's commit that is an ancestor of the live one is stale (late or redelivered), unless
//  it
//    is now the branch's tip: then the branch was forced back, which is a wish like any other.
//  - An operator may name any commit of the branch, also an older one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/core/deployment.h"

namespace lastgood::core {

struct CommitStanding {
    CommitId commit;
    bool present = false;
    bool is_commit = false;
    bool on_branch = false;
    bool ancestor_of_live = false;       // strictly
    std::vector<bool> ancestor_of = {};  // of candidate i, strictly
};

struct FetchFacts {
    std::optional<CommitId> tip;            // none: the branch isn't there
    std::vector<CommitStanding> standings;  // the wanted commit first, then Request::over in order;
                                            // the tip alone where no commit was named
};

struct CommitChoice {
    enum class Kind { deploy, stale, refused, not_there_yet };
    Kind kind = Kind::refused;
    std::optional<CommitId> commit;  // for deploy
    std::size_t candidate = 0;       // its place among the standings
    std::string reason;
};

// `waited_enough`: a wanted commit that still isn't there is given up, the others are judged.
CommitChoice choose_commit(const Request& request, const FetchFacts& facts,
                           const std::optional<CommitId>& live, const std::string& branch,
                           bool waited_enough);

}  // namespace lastgood::core
