// Which commits an app with `promote` may take by itself (pure).
//
//  - The other app proves a commit: it became good there, and `after` has passed since, in which it
//    was not put into quarantine (a rollback does that). It needn't be live there any more: what
//    came after it doesn't speak against it.
//  - A commit that was freed from quarantine there, or is being judged there once more, counts anew
//    from when it becomes good again.
//  - Of the proved ones those come into question that became good there later than the live one
//    and later than one that proved bad here: a rollback here is not fought. Ancestry then decides
//    as for any other request.
//  - What lost its proof before it was started here isn't started. What is live stays, and is told.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/time.h"

namespace lastgood::core {

struct AppState;

// Of an app's config.
struct Promotion {
    std::string from;  // the other app's name
    Millis after{600'000};
    bool operator==(const Promotion&) const = default;
};

// What the other app knows of its commits.
struct Standing {
    struct Good {
        CommitId commit;
        Instant since;  // ended its probation
        bool operator==(const Good&) const = default;
    };
    std::vector<Good> good;               // not in quarantine; the last to become good first
    std::map<CommitId, std::string> bad;  // in quarantine, with the reason
    std::optional<CommitId> under_way;    // being deployed there
    std::optional<CommitId> judged;       // in its probation there
};

// `became_good`: by the journal, the last first.
Standing standing_of(const AppState& other, std::vector<Standing::Good> became_good);

// The first is the last to become good.
std::vector<CommitId> proved_commits(const Promotion& promotion, const Standing& standing,
                                     Instant now);

// Why this commit may not go live yet, for people, as "it is in its probation there"; empty: it
// may.
std::string why_unproved(const Promotion& promotion, const Standing& standing,
                         const CommitId& commit, Instant now);

// Proved ones that could take the place of what is live, and have not been looked at yet.
std::vector<CommitId> promotable(const AppState& state, const Promotion& promotion,
                                 const Standing& standing, Instant now);

// How long until the next commit is proved; none: no time will do it.
std::optional<Millis> next_proof(const Promotion& promotion, const Standing& standing, Instant now);

// What waits for the other app, for `status`: "c0ffee12 waits for staging: …"; empty: nothing.
std::string promotion_note(const AppState& state, const Promotion& promotion,
                           const Standing& standing, Instant now);

// Where what is live has proved bad at the other app since; empty: it hasn't.
std::string promotion_trouble(const AppState& state, const Promotion& promotion,
                              const Standing& standing);

}  // namespace lastgood::core
