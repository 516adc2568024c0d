#include "lastgood/core/commit_policy.h"

#include "lastgood/base/assert.h"

namespace lastgood::core {
namespace {

using Kind = CommitChoice::Kind;

bool usable(const CommitStanding& standing) {
    return standing.present && standing.is_commit && standing.on_branch;
}

// The usable candidate that no other usable one descends from; the tip is preferred, then the
// wanted one (it came last).
std::optional<std::size_t> newest(const FetchFacts& facts) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < facts.standings.size(); ++i) {
        const auto& candidate = facts.standings[i];
        if (!usable(candidate)) continue;
        if (candidate.commit == facts.tip) return i;
        bool outdated = false;
        for (std::size_t j = 0; j < facts.standings.size() && j < candidate.ancestor_of.size();
             ++j) {
            outdated = outdated || (candidate.ancestor_of[j] && usable(facts.standings[j]));
        }
        if (!outdated && !found) found = i;
    }
    return found;
}

CommitChoice unusable(const CommitStanding& wanted, const std::string& branch) {
    const std::string id = wanted.commit.short_hex();
    if (!wanted.present) {
        return {Kind::not_there_yet, {}, 0, "commit " + id + " is not in the repository"};
    }
    if (!wanted.is_commit) {
        return {Kind::refused, {}, 0, "object " + id + " is not a commit"};
    }
    return {Kind::refused, {}, 0, "commit " + id + " is not on branch " + branch};
}

}  // namespace

CommitChoice choose_commit(const Request& request, const FetchFacts& facts,
                           const std::optional<CommitId>& live, const std::string& branch,
                           bool waited_enough) {
    if (!facts.tip) {
        return {Kind::refused, {}, 0, "branch " + branch + " is not in the repository"};
    }
    if (!request.commit) return {Kind::deploy, facts.tip, 0, {}};
    LG_ASSERT(!facts.standings.empty());
    const bool missing = !facts.standings.front().present && !waited_enough;
    const auto found = missing ? std::nullopt : newest(facts);
    if (!found) return unusable(facts.standings.front(), branch);

    const CommitStanding& chosen = facts.standings[*found];
    const bool asked_by_name = request.trigger == Trigger::cli || request.trigger == Trigger::fleet;
    if (!asked_by_name && chosen.ancestor_of_live && chosen.commit != facts.tip) {
        return {Kind::stale,
                {},
                *found,
                "stale: commit " + chosen.commit.short_hex() + " is older than the live " +
                    (live ? live->short_hex() : "one")};
    }
    return {Kind::deploy, chosen.commit, *found, {}};
}

}  // namespace lastgood::core
