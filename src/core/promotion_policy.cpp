#include "lastgood/core/promotion_policy.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/base/mutant.h"
#include "lastgood/core/app_state.h"

namespace lastgood::core {
namespace {

Millis age_of(const Standing::Good& good, Instant now) {
    return std::max(Millis(0), now - good.since);
}

bool is_old_enough(const Promotion& promotion, const Standing::Good& good, Instant now) {
    return age_of(good, now) >=
           LASTGOOD_MUTANT(proved_early, promotion.after, promotion.after * 3 / 4);
}

}  // namespace

Standing standing_of(const AppState& other, std::vector<Standing::Good> became_good) {
    Standing standing;
    if (LASTGOOD_MUTANT(proved_in_quarantine, true, false)) standing.bad = other.quarantine;
    if (other.work) standing.under_way = other.work->commit;
    if (other.trial) standing.judged = other.trial->commit;
    for (auto& good : became_good) {
        const bool judged = standing.judged == good.commit;
        if (judged || standing.bad.contains(good.commit) || other.freed.contains(good.commit))
            continue;
        standing.good.push_back(std::move(good));
    }
    return standing;
}

std::vector<CommitId> proved_commits(const Promotion& promotion, const Standing& standing,
                                     Instant now) {
    std::vector<CommitId> proved;
    for (const auto& good : standing.good) {
        if (is_old_enough(promotion, good, now)) proved.push_back(good.commit);
    }
    return proved;
}

std::string why_unproved(const Promotion& promotion, const Standing& standing,
                         const CommitId& commit, Instant now) {
    if (const auto bad = standing.bad.find(commit); bad != standing.bad.end()) {
        return "it is in quarantine there: " + bad->second;
    }
    for (const auto& good : standing.good) {
        if (good.commit != commit) continue;
        if (is_old_enough(promotion, good, now)) return {};
        return "good there for " + format_duration(age_of(good, now)) + " of " +
               format_duration(promotion.after);
    }
    if (standing.judged == commit) return "it is in its probation there";
    if (standing.under_way == commit) return "it is being deployed there";
    return "it has not been good there";
}

std::vector<CommitId> promotable(const AppState& state, const Promotion& promotion,
                                 const Standing& standing, Instant now) {
    std::vector<CommitId> found;
    for (auto& commit : proved_commits(promotion, standing, now)) {
        const bool had_its_turn =
            commit == state.live || commit == state.promoted || state.is_quarantined(commit);
        if (had_its_turn || found.size() == limits::kCandidatesMax) break;
        found.push_back(std::move(commit));
    }
    return found;
}

std::optional<Millis> next_proof(const Promotion& promotion, const Standing& standing,
                                 Instant now) {
    std::optional<Millis> soonest;
    for (const auto& good : standing.good) {
        const Millis left = promotion.after - age_of(good, now);
        if (left > Millis(0) && (!soonest || left < *soonest)) soonest = left;
    }
    return soonest;
}

std::string promotion_note(const AppState& state, const Promotion& promotion,
                           const Standing& standing, Instant now) {
    const auto note = [&](const CommitId& commit) -> std::string {
        if (commit == state.live) return {};
        const std::string why = why_unproved(promotion, standing, commit, now);
        if (why.empty()) return {};
        return "commit " + commit.short_hex() + " waits for " + promotion.from + ": " + why;
    };
    if (state.waits_for) {
        if (auto text = note(*state.waits_for); !text.empty()) return text;
    }
    return standing.good.empty() ? std::string() : note(standing.good.front().commit);
}

std::string promotion_trouble(const AppState& state, const Promotion& promotion,
                              const Standing& standing) {
    for (const auto& commit :
         {state.live, state.trial ? std::optional(state.trial->commit) : std::nullopt}) {
        if (!commit) continue;
        const auto bad = standing.bad.find(*commit);
        if (bad == standing.bad.end()) continue;
        return "commit " + commit->short_hex() + ", which is live here, is in quarantine at " +
               promotion.from + ": " + bad->second +
               "; it stays here, until a newer one is proved or you use `lastgood rollback`";
    }
    return {};
}

}  // namespace lastgood::core
