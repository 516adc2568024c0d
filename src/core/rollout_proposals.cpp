// Which proposal becomes the wish.
#include <algorithm>

#include "core/rollout_step.h"
#include "lastgood/base/mutant.h"

namespace lastgood::core {
namespace {

using Kind = CommitChoice::Kind;

bool is_order(const Proposal& proposal) {
    return proposal.trigger == Trigger::cli || proposal.trigger == Trigger::rollback;
}

std::string named(const std::optional<CommitId>& commit) {
    return commit ? "commit " + commit->short_hex() : "the branch's tip";
}

}  // namespace

// True: there is a transaction.
bool RolloutStep::decide_proposals() {
    Proposals waiting;
    for (const auto& [id, proposal] : keys_.proposals) waiting.push_back(&proposal);
    std::sort(waiting.begin(), waiting.end(),
              [](const auto* a, const auto* b) { return a->created < b->created; });
    if (reject_some(waiting)) return true;
    if (waiting.empty()) {
        ask_anew();
        memory_.waiting_since.reset();
        return false;
    }
    for (std::size_t at = waiting.size(); at-- > 0;) {
        if (is_order(waiting[at]->value)) return decide_order(waiting, at);
    }
    return decide_pushes(waiting);
}

// Decision and reason of what needs no look at the repository; empty: it isn't turned down.
std::pair<std::string, std::string> RolloutStep::rejection(const Proposal& proposal) const {
    const bool is_wish = wish() && proposal.id == wish()->id;
    if (LASTGOOD_MUTANT(fleet_duplicates_taken, is_wish || is_in_history(proposal.id), false)) {
        return {"duplicate", "the same delivery was decided before"};
    }
    if (ahead_ && LASTGOOD_MUTANT(fleet_old_proposals_taken, proposal.at <= ahead_->at, false)) {
        return {"ignored", "it is older than wish " + std::to_string(ahead_->number) +
                               ", which a host has seen and etcd's restored data hasn't"};
    }
    if (!proposal.commit) return {};
    const auto bad = keys_.quarantine.find(*proposal.commit);
    if (bad != keys_.quarantine.end() && !proposal.force) {
        return {"refused",
                named(proposal.commit) + " is in quarantine: " + bad->second.value.reason};
    }
    const bool same = wish() && *proposal.commit == wish()->commit && !ahead_;
    if (!same || proposal.trigger == Trigger::rollback) return {};
    const bool tried_again =
        proposal.trigger != Trigger::poll && next_.state == RolloutState::halted;
    const bool pushed_on = proposal.trigger == Trigger::cli && next_.state != RolloutState::done;
    if (tried_again || pushed_on) return {};
    return {"ignored", named(proposal.commit) + " is the fleet's wish already"};
}

bool RolloutStep::reject_some(Proposals& waiting) {
    std::size_t rejected = 0;
    const auto is_rejected = [&](const Kept<Proposal>* proposal) {
        if (rejected == limits::kFleetProposalsAtOnce) return false;
        auto [decision, reason] = rejection(proposal->value);
        if (decision.empty()) return false;
        record(proposal->value, std::move(decision), std::move(reason));
        return ++rejected > 0;
    };
    std::erase_if(waiting, is_rejected);
    return rejected > 0;
}

// `at`: the last order. What came before it is superseded, what came after it has its turn then.
bool RolloutStep::decide_order(const Proposals& waiting, std::size_t at) {
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    const std::size_t count = std::min(at + 1, limits::kFleetProposalsAtOnce);
    const Proposals until(end - static_cast<std::ptrdiff_t>(count), end);
    if (at + 1 > limits::kFleetProposalsAtOnce) {  // the older ones in a transaction of their own
        for (std::size_t i = 0; i < limits::kFleetProposalsAtOnce; ++i) {
            record(waiting[i]->value, "superseded", "by an operator's order");
        }
        return true;
    }
    const Proposal& order = until.back()->value;
    if (order.trigger == Trigger::rollback) return decide_rollback(until, order);
    Request request;
    request.trigger = Trigger::cli;
    request.commit = order.commit;
    return choose(until, std::move(request));
}

bool RolloutStep::decide_pushes(const Proposals& waiting) {
    const std::size_t count = std::min(waiting.size(), limits::kFleetProposalsAtOnce);
    const Proposals newest(waiting.end() - static_cast<std::ptrdiff_t>(count), waiting.end());
    if (waiting.size() > count) {
        for (std::size_t i = 0; i < std::min(count, waiting.size() - count); ++i) {
            record(waiting[i]->value, "superseded", "by many newer ones");
        }
        return true;
    }
    Request request;
    request.trigger = newest.back()->value.trigger;
    request.commit = newest.back()->value.commit;
    for (const auto* older : newest) {
        if (older == newest.back() || !older->value.commit) continue;
        request.over.push_back({*older->value.commit, older->value.id});
    }
    return choose(newest, std::move(request));
}

// Back to what was good: nothing has to be asked.
bool RolloutStep::decide_rollback(const Proposals& over, const Proposal& order) {
    if (!wish()) return turn_down(over, order, "refused", "nothing was rolled out yet");
    std::vector<CommitId> good;
    if (good_) {
        good.push_back(good_->commit);
        const auto& before = good_->before;
        good.insert(good.end(), before.begin(), before.end());
    }
    const CommitId leaving = ahead_ ? *ahead_->commit : wish()->commit;
    std::optional<CommitId> target = order.commit;
    if (target && std::find(good.begin(), good.end(), *target) == good.end()) {
        return turn_down(over, order, "refused",
                         named(target) +
                             " was no good release of the fleet; see lastgood fleet "
                             "history");
    }
    for (const auto& commit : good) {
        if (!target && commit != leaving && !is_bad(commit)) target = commit;
    }
    if (!target) {
        return turn_down(
            over, order, "refused",
            "there is no good release before commit " + leaving.short_hex() + " to go back to");
    }
    if (*target == leaving)
        return turn_down(over, order, "ignored", named(target) + " is the wish already");
    if (LASTGOOD_MUTANT(fleet_rollback_leaves_free, !is_bad(leaving), false)) {
        quarantine(leaving, "rolled back by " + order.by, {});
    }
    make_wish(over, order, *target);
    return true;
}

// What a mirror compares the proposals with: what hosts have, or shall have.
std::optional<CommitId> RolloutStep::base() const {
    if (ahead_) return ahead_->commit;
    if (!wish()) return std::nullopt;
    if (next_.state == RolloutState::halted) return fleet_good();
    return wish()->commit;
}

void RolloutStep::ask_anew() {
    memory_.asked.reset();
    memory_.facts.reset();
    memory_.ask_after.reset();
    memory_.absent_since.reset();
}

// The answer, or nothing yet: then it is asked for.
std::optional<FetchFacts> RolloutStep::facts_for(const FleetQuestion& question) {
    if (memory_.asked != question) {
        ask_anew();
    } else if (memory_.ask_after) {
        if (ground_.now < *memory_.ask_after) {
            again_at(*memory_.ask_after);
            return std::nullopt;
        }
        memory_.ask_after.reset();
        memory_.facts.reset();
    } else {
        return memory_.facts;
    }
    memory_.asked = question;
    acts_.questions.push_back(question);
    return std::nullopt;
}

bool RolloutStep::choose(const Proposals& waiting, Request request) {
    const FleetQuestion question{app_, std::move(request), base()};
    const auto facts = facts_for(question);
    if (!facts) {
        wait_for("the controller looks at the repository");
        return false;
    }
    const auto& absent = memory_.absent_since;
    const bool waited_enough = absent && ground_.now - *absent >= limits::kCommitAppearsWithin;
    const CommitChoice choice =
        choose_commit(question.request, *facts, question.live, app_settings_, waited_enough);
    // The standings are of the newest proposal, then of the others that name a commit, in order.
    const Proposal* chosen = &waiting.back()->value;
    if (choice.candidate > 0) {
        const auto& candidate = question.request.over[choice.candidate - 1];
        chosen = &keys_.proposals.at(candidate.delivery).value;
    }
    switch (choice.kind) {
        case Kind::deploy:
            return take(waiting, *chosen, *choice.commit);
        case Kind::not_there_yet:
            if (!waited_enough) return wait_for_commit(choice.reason);
            return turn_down(waiting, *chosen, "refused", choice.reason);
        case Kind::refused:
            return turn_down(waiting, *chosen, "refused", choice.reason);
        case Kind::stale:
            return turn_down(waiting, *chosen, "stale", choice.reason);
        case Kind::ignored:
            break;
    }
    return turn_down(waiting, *chosen, "ignored", choice.reason);
}

bool RolloutStep::wait_for_commit(const std::string& reason) {
    if (!memory_.absent_since) memory_.absent_since = ground_.now;
    memory_.ask_after = ground_.now + limits::kFleetAskAgain;
    again_at(*memory_.ask_after);
    wait_for(reason + " yet; it is asked for again");
    return false;
}

bool RolloutStep::take(const Proposals& waiting, const Proposal& chosen, const CommitId& commit) {
    // By its name it wouldn't have come so far.
    if (is_bad(commit) && !chosen.force) {
        return turn_down(waiting, chosen, "refused", named(commit) + " is in quarantine");
    }
    const bool is_wish = wish() && commit == wish()->commit && !ahead_;
    if (is_wish && !chosen.commit && next_.state != RolloutState::halted) {
        return turn_down(waiting, chosen, "ignored", named(commit) + " is the wish already");
    }
    if (must_wait_for_wave(chosen)) {
        wish_waits_ = true;
        return false;
    }
    make_wish(waiting, chosen, commit);
    return true;
}

bool RolloutStep::must_wait_for_wave(const Proposal& chosen) {
    const bool free = is_order(chosen) || !wish() || !is_rolling() || next_.wave.empty();
    if (free || ahead_ || LASTGOOD_MUTANT(fleet_wave_cut_short, false, true)) return false;
    if (!memory_.waiting_since) memory_.waiting_since = ground_.now;
    const Instant patience_ends = *memory_.waiting_since + limits::kFleetWavePatience;
    if (ground_.now >= patience_ends) return false;
    again_at(patience_ends);
    wait_for("a newer wish waits for the wave under way");
    return true;
}

bool RolloutStep::turn_down(const Proposals& waiting, const Proposal& chosen,
                            const std::string& decision, const std::string& reason) {
    for (const auto* proposal : waiting) {
        const bool same = &proposal->value == &chosen;
        record(proposal->value, same ? decision : "superseded",
               same ? reason : "by " + named(chosen.commit) + ": " + reason);
    }
    ask_anew();
    return true;
}

void RolloutStep::make_wish(const Proposals& waiting, const Proposal& chosen,
                            const CommitId& commit) {
    for (const auto* proposal : waiting) {
        const bool same = &proposal->value == &chosen;
        record(proposal->value, same ? "wish" : "superseded", same ? "" : "by " + named(commit));
    }
    if (wish() && is_rolling()) record_end("superseded", "by " + named(commit));
    const bool back = chosen.trigger == Trigger::rollback;
    Wish made{.id = chosen.id,
              .number = newest_number_ + 1,
              .commit = commit,
              .trigger = chosen.trigger,
              .by = chosen.by,
              .force = chosen.force,
              .at = chosen.at,
              .previous = fleet_good()};
    if (chosen.force && is_bad(commit)) remove(quarantine_key(app_, commit));
    if (back) {
        // Good already: whoever can't be on the wish has nowhere else to go.
        FleetGood good = *good_;
        if (good.commit != commit) {
            const auto to = std::find(good.before.begin(), good.before.end(), commit);
            good.before.erase(good.before.begin(), to + 1);
            good.commit = commit;
            good.since = ground_.wall;
        }
        put(good_key(app_), std::move(good));
    }
    const bool no_canary = back || ground_.settings.canary <= 0;
    std::set<HostName> wave = std::move(next_.wave);
    next_ = Rollout{.wish = made.id,
                    .number = made.number,
                    .state = no_canary ? RolloutState::waves : RolloutState::canary};
    next_.wave = std::move(wave);
    const std::string by = made.by.empty() ? std::string(to_string(made.trigger)) : made.by;
    notice(FleetNews::wish, commit,
           named(commit) + " is the fleet's wish " + std::to_string(made.number) + ", by " + by);
    put(wish_key(app_), std::move(made));
    memory_.soak.reset();
    memory_.waiting_since.reset();
    ask_anew();
}

}  // namespace lastgood::core
