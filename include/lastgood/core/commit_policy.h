// Which commit a fetched request leads to, by ancestry (pure).
//
//  - A commit that isn't there yet is waited for: forges announce before they replicate.
//  - A commit that the configured branch doesn't hold is refused, whoever asks for it. Where tags
//    are followed, one that has none of them.
//  - Of several wishes (deliveries arrive out of order) the newest by ancestry is meant; the
//    branch's tip decides where they diverged.
//  - A webhook's commit that is an ancestor of the live one is stale (late or redelivered), unless
//    it is now the branch's tip: then the branch was forced back, which is a wish like any other,
//    unless fast_forward_only. So is a tag of an older version than the newest.
//  - A push that changed nothing under `paths`, or whose message asks for it, is ignored.
//  - An operator may name any commit of the branch, also an older one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/core/deployment.h"
#include "lastgood/core/settings.h"

namespace lastgood::core {

struct CommitStanding {
    CommitId commit;  // where a tag object was named, what it points at
    bool present = false;
    bool is_commit = false;
    bool on_branch = false;              // or a tag that is followed names it
    bool ancestor_of_live = false;       // strictly
    std::vector<bool> ancestor_of = {};  // of candidate i, strictly
    bool descends_from_live = false;     // strictly
    bool paths_changed = true;           // since the live one, among `paths`
    bool skip_asked = false;             // by the commit's message
};

struct FetchFacts {
    std::optional<CommitId> tip;            // none: the branch isn't there, or no tag
    std::string tip_tag = {};               // where tags are followed
    bool live_known = false;                // the mirror has the live commit
    std::vector<CommitStanding> standings;  // the wanted commit first, then Request::over in order;
                                            // the tip alone where no commit was named
};

struct CommitChoice {
    enum class Kind { deploy, stale, ignored, refused, not_there_yet };
    Kind kind = Kind::refused;
    std::optional<CommitId> commit;  // for deploy
    std::size_t candidate = 0;       // its place among the standings
    std::string reason;
};

// `waited_enough`: a wanted commit that still isn't there is given up, the others are judged.
CommitChoice choose_commit(const Request& request, const FetchFacts& facts,
                           const std::optional<CommitId>& live, const Settings& settings,
                           bool waited_enough);

}  // namespace lastgood::core
