#include "sim/remote.h"

#include <algorithm>

namespace lastgood::sim {
namespace {

CommitId id_of(std::size_t number) {
    std::string hex = "c0" + std::to_string(10'000 + number).substr(1);
    hex += std::string(40 - hex.size(), 'e');
    return *CommitId::parse(hex);
}

}  // namespace

std::string_view to_string(Fate fate) {
    switch (fate) {
        case Fate::good:
            return "good";
        case Fate::build_fails:
            return "build-fails";
        case Fate::never_ready:
            return "never-ready";
        case Fate::ends_before_ready:
            return "ends-before-ready";
        case Fate::crashes_at_once:
            return "crashes-at-once";
        case Fate::crashes_slowly:
            return "crashes-slowly";
        case Fate::crashes_after_good:
            return "crashes-after-good";
        case Fate::stops_answering:
            return "stops-answering";
    }
    return "?";
}

Remote::Remote(Ground& ground) : ground_(ground) {
    move_to(add(std::nullopt, Fate::good, ground.clock.now()), ground.clock.now());
}

std::size_t Remote::add(std::optional<std::size_t> parent, Fate fate, Instant shown) {
    commits_.push_back({id_of(commits_.size()), parent, fate, shown});
    return commits_.size() - 1;
}

void Remote::move_to(std::size_t tip, Instant shown) {
    tip_ = tip;
    // Replicas don't show pushes in another order than they were made.
    if (!moves_.empty()) shown = std::max(shown, moves_.back().shown);
    moves_.push_back({shown, tip});
}

CommitId Remote::push(Fate fate, int commits) {
    Instant shown = ground_.clock.now();
    if (ground_.fault(20)) shown += ground_.between(100, 90'000);
    std::size_t last = tip_;
    for (int i = 0; i < commits; ++i) last = add(last, fate, shown);
    move_to(last, shown);
    return tip();
}

CommitId Remote::force_push(std::optional<Fate> fate) {
    std::size_t back = tip_;
    for (auto steps = 1 + ground_.random.below(3); steps > 0 && commits_[back].parent; --steps) {
        back = *commits_[back].parent;
    }
    const Instant shown = ground_.clock.now();
    move_to(fate ? add(back, *fate, shown) : back, shown);
    return tip();
}

void Remote::show_all() {
    for (auto& commit : commits_) commit.shown = std::min(commit.shown, ground_.clock.now());
    for (auto& move : moves_) move.shown = std::min(move.shown, ground_.clock.now());
}

CommitId Remote::tip_shown() const {
    std::size_t tip = 0;
    for (const auto& move : moves_) {
        if (move.shown <= ground_.clock.now()) tip = move.tip;
    }
    return commits_[tip].id;
}

CommitId Remote::any_commit() {
    // Mostly a recent one.
    const auto last = commits_.size() - 1;
    return commits_[last - ground_.random.below(std::min<std::size_t>(last, 5) + 1)].id;
}

std::size_t Remote::number(const CommitId& commit) const {
    return static_cast<std::size_t>(std::stoul(commit.hex().substr(2, 4)));
}

bool Remote::is_ancestor(std::size_t older, std::size_t newer) const {
    for (auto next = commits_[newer].parent; next; next = commits_[*next].parent) {
        if (*next == older) return true;
    }
    return false;
}

core::FetchFacts Remote::facts(const std::vector<CommitId>& candidates,
                               const std::optional<CommitId>& live) const {
    core::FetchFacts facts;
    if (ground_.faults.branch_gone) return facts;
    facts.tip = tip_shown();
    const auto wanted = candidates.empty() ? std::vector{*facts.tip} : candidates;
    const std::size_t tip = number(*facts.tip);
    for (const auto& commit : wanted) {
        const std::size_t at = number(commit);
        core::CommitStanding standing{
            commit, commits_[at].shown <= ground_.clock.now(), false, false, false, {}};
        if (standing.present) {
            standing.is_commit = true;
            standing.on_branch = at == tip || is_ancestor(at, tip);
            standing.ancestor_of_live = live && is_ancestor(at, number(*live));
            for (const auto& second : wanted) {
                standing.ancestor_of.push_back(is_ancestor(at, number(second)));
            }
        }
        facts.standings.push_back(std::move(standing));
    }
    return facts;
}

std::string Remote::name(const std::optional<CommitId>& commit) const {
    if (!commit) return "-";
    return "c" + std::to_string(number(*commit)) + "(" + std::string(to_string(fate(*commit))) +
           ")";
}

}  // namespace lastgood::sim
