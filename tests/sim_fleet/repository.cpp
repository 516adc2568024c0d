#include "sim_fleet/repository.h"

namespace lastgood::sim_fleet {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kNumberDigits = 6;

}  // namespace

std::string_view to_string(Fate fate) {
    switch (fate) {
        case Fate::good:
            return "good";
        case Fate::bad:
            return "bad";
        case Fate::bad_on_some:
            return "bad on some";
        case Fate::build_fails:
            return "build fails";
        case Fate::fails_in_soak:
            return "fails in soak";
        case Fate::takes_host_down:
            return "takes the host down";
        case Fate::count:
            break;
    }
    return "?";
}

// The number is the start of the id.
std::size_t Repository::add(std::optional<std::size_t> parent, Fate fate) {
    std::size_t rest = commits_.size() + 1;
    std::string hex(40, 'a');
    for (std::size_t i = kNumberDigits; i-- > 0; rest /= 16) hex[i] = kDigits[rest % 16];
    commits_.push_back({*CommitId::parse(hex), parent, fate});
    return commits_.size() - 1;
}

std::size_t Repository::number(const CommitId& commit) const {
    return std::stoul(commit.hex().substr(0, kNumberDigits), nullptr, 16) - 1;
}

CommitId Repository::push(Fate fate) {
    tip_ = add(tip_, fate);
    return tip();
}

void Repository::force_back() {
    for (auto steps = 1 + ground_.random.below(3); steps > 0 && commits_[tip_].parent; --steps) {
        tip_ = *commits_[tip_].parent;
    }
    forced_ = true;
}

bool Repository::is_ancestor(std::size_t older, std::size_t newer) const {
    for (auto at = commits_[newer].parent; at; at = commits_[*at].parent) {
        if (*at == older) return true;
    }
    return false;
}

core::FetchFacts Repository::facts(const core::Request& request,
                                   const std::optional<CommitId>& live) const {
    core::FetchFacts facts;
    facts.tip = tip();
    facts.live_known = live.has_value();
    std::vector<CommitId> candidates;
    candidates.push_back(request.commit ? *request.commit : tip());
    for (const auto& over : request.over) candidates.push_back(over.commit);
    for (const auto& candidate : candidates) {
        core::CommitStanding standing{.commit = candidate};
        standing.present = standing.is_commit = true;
        standing.on_branch = candidate == tip() || is_ancestor(candidate, tip());
        standing.ancestor_of_live = live && is_ancestor(candidate, *live);
        standing.descends_from_live = live && is_ancestor(*live, candidate);
        for (const auto& other : candidates) {
            standing.ancestor_of.push_back(is_ancestor(candidate, other));
        }
        facts.standings.push_back(std::move(standing));
    }
    return facts;
}

std::string Repository::name(const std::optional<CommitId>& commit) const {
    if (!commit) return "-";
    return "c" + std::to_string(number(*commit)) + "(" + std::string(to_string(fate(*commit))) +
           ")";
}

}  // namespace lastgood::sim_fleet
