#include "sim/remote.h"

#include <algorithm>

namespace lastgood::sim {
namespace {

CommitId id_of(int remote, std::size_t number) {
    std::string hex = "c" + std::to_string(remote) + std::to_string(10'000 + number).substr(1);
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
        case Fate::build_hangs:
            return "build-hangs";
        case Fate::never_ready:
            return "never-ready";
        case Fate::ends_before_ready:
            return "ends-before-ready";
        case Fate::takes_the_machine_down:
            return "takes-the-machine-down";
        case Fate::crashes_at_once:
            return "crashes-at-once";
        case Fate::crashes_slowly:
            return "crashes-slowly";
        case Fate::crashes_under_load:
            return "crashes-under-load";
        case Fate::crashes_after_good:
            return "crashes-after-good";
        case Fate::stops_answering:
            return "stops-answering";
        case Fate::grows:
            return "grows";
        case Fate::count:
            break;
    }
    return "?";
}

Remote::Remote(Ground& ground, int number) : ground_(ground), number_(number) {
    move_to(add(std::nullopt, Fate::good, ground.clock.now(), false), ground.clock.now());
}

std::size_t Remote::add(std::optional<std::size_t> parent, Fate fate, Instant shown,
                        bool skip_asked) {
    commits_.push_back({id_of(number_, commits_.size()), parent, fate, shown, skip_asked});
    return commits_.size() - 1;
}

void Remote::move_to(std::size_t tip, Instant shown) {
    tip_ = tip;
    // Replicas don't show pushes in another order than they were made.
    if (!moves_.empty()) shown = std::max(shown, moves_.back().shown);
    moves_.push_back({shown, tip});
}

CommitId Remote::push(Fate fate, int commits, bool skip_asked) {
    Instant shown = ground_.clock.now();
    if (ground_.fault(20)) shown += ground_.between(100, 90'000);
    std::size_t last = tip_;
    for (int i = 0; i < commits; ++i) last = add(last, fate, shown, skip_asked);
    move_to(last, shown);
    return tip();
}

CommitId Remote::force_push(std::optional<Fate> fate) {
    std::size_t back = tip_;
    for (auto steps = 1 + ground_.random.below(3); steps > 0 && commits_[back].parent; --steps) {
        back = *commits_[back].parent;
    }
    const Instant shown = ground_.clock.now();
    move_to(fate ? add(back, *fate, shown, false) : back, shown);
    return tip();
}

CommitId Remote::announce_only() {
    return commits_[add(tip_, Fate::good, Instant::max(), false)].id;
}

void Remote::show_all() {
    for (auto& commit : commits_) {
        if (commit.shown != Instant::max())
            commit.shown = std::min(commit.shown, ground_.clock.now());
    }
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
    std::size_t number = 0;
    for (std::size_t i = 2; i < 6; ++i) number = number * 10 + (commit.hex()[i] - '0');
    return number;
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
    facts.live_known = live.has_value();
    const auto wanted = candidates.empty() ? std::vector{*facts.tip} : candidates;
    const std::size_t tip = number(*facts.tip);
    for (const auto& commit : wanted) {
        const std::size_t at = number(commit);
        core::CommitStanding standing{.commit = commit};
        standing.present = commits_[at].shown <= ground_.clock.now();
        if (standing.present) {
            standing.is_commit = true;
            standing.on_branch = at == tip || is_ancestor(at, tip);
            standing.ancestor_of_live = live && is_ancestor(at, number(*live));
            standing.descends_from_live = live && is_ancestor(number(*live), at);
            standing.skip_asked = commits_[at].skip_asked;
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
           (skip_asked(*commit) ? ", skip)" : ")");
}

}  // namespace lastgood::sim
