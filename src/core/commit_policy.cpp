#include "lastgood/core/commit_policy.h"

#include "lastgood/base/assert.h"
#include "lastgood/base/mutant.h"

namespace lastgood::core {
namespace {

using Kind = CommitChoice::Kind;

bool usable(const CommitStanding& standing) {
    return standing.present && standing.is_commit &&
           LASTGOOD_MUTANT(off_branch_accepted, standing.on_branch, true);
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
        if (LASTGOOD_MUTANT(older_of_two_wishes, !outdated, true) && !found) found = i;
    }
    return found;
}

CommitChoice unusable(const CommitStanding& wanted, const Followed& followed) {
    const std::string id = wanted.commit.short_hex();
    if (!wanted.present) {
        return {Kind::not_there_yet, {}, 0, "commit " + id + " is not in the repository"};
    }
    if (!wanted.is_commit) {
        return {Kind::refused, {}, 0, "object " + id + " is not a commit"};
    }
    if (followed.by_tags()) {
        return {Kind::refused, {}, 0, "commit " + id + " has none of the tags " + followed.tags};
    }
    return {Kind::refused, {}, 0, "commit " + id + " is not on branch " + followed.branch};
}

// Why an automatic request for this usable commit isn't carried out.
std::optional<CommitChoice> held_back(const CommitStanding& chosen, std::size_t candidate,
                                      const FetchFacts& facts, const std::optional<CommitId>& live,
                                      const Settings& settings) {
    const std::string id = chosen.commit.short_hex();
    const std::string of_live = live ? live->short_hex() : "one";
    const auto told = [&](Kind kind, std::string reason) {
        return CommitChoice{kind, {}, candidate, std::move(reason)};
    };
    if (settings.followed.by_tags() && chosen.commit != facts.tip) {
        return told(Kind::stale,
                    "stale: tag " + facts.tip_tag + " is a newer version than commit " + id + "'s");
    }
    const bool forced_back =
        LASTGOOD_MUTANT(forced_back_refused, chosen.commit == facts.tip, false);
    if (LASTGOOD_MUTANT(stale_commit_accepted, chosen.ancestor_of_live, false) && !forced_back) {
        return told(Kind::stale, "stale: commit " + id + " is older than the live " + of_live);
    }
    if (chosen.commit == live) return std::nullopt;
    if (LASTGOOD_MUTANT(fast_forward_only_ignored, settings.fast_forward_only, false) && live &&
        facts.live_known && !chosen.descends_from_live) {
        return told(Kind::ignored, "commit " + id + " is no descendant of the live " + of_live +
                                       " (fast_forward_only); `lastgood deploy` deploys it all the "
                                       "same");
    }
    if (LASTGOOD_MUTANT(skip_ignored, chosen.skip_asked, false)) {
        return told(Kind::ignored, "the message of commit " + id + " says [skip deploy]");
    }
    if (!chosen.paths_changed) {
        return told(Kind::ignored,
                    "commit " + id + " changed nothing under `paths` since the live " + of_live);
    }
    return std::nullopt;
}

}  // namespace

CommitChoice choose_commit(const Request& request, const FetchFacts& facts,
                           const std::optional<CommitId>& live, const Settings& settings,
                           bool waited_enough) {
    const Followed& followed = settings.followed;
    if (!facts.tip) {
        return {Kind::refused,
                {},
                0,
                followed.by_tags() ? "none of the " + followed.text() + " is in the repository"
                                   : followed.text() + " is not in the repository"};
    }
    const bool by_name =
        request.trigger == Trigger::cli ||
        LASTGOOD_MUTANT(fleet_wish_judged, request.trigger == Trigger::fleet, false);
    if (!request.commit && by_name) return {Kind::deploy, facts.tip, 0, {}};
    LG_ASSERT(!facts.standings.empty());
    const bool missing = !facts.standings.front().present && !waited_enough;
    const auto found = missing ? std::nullopt : newest(facts);
    if (!found) return unusable(facts.standings.front(), followed);

    const CommitStanding& chosen = facts.standings[*found];
    if (!by_name) {
        if (auto held = held_back(chosen, *found, facts, live, settings)) return *held;
    }
    return {Kind::deploy, chosen.commit, *found, {}};
}

}  // namespace lastgood::core
