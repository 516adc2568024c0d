// The repository of the app: commits with one parent each and a branch that is pushed, and forced
// back; and what becomes of each commit on each host.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "lastgood/core/commit_policy.h"
#include "sim_fleet/ground.h"

namespace lastgood::sim_fleet {

enum class Fate {
    good,
    bad,              // never ready, or crashes in its probation
    bad_on_some,      // of the hosts
    build_fails,      // everywhere
    fails_in_soak,    // some time after its probation
    takes_host_down,  // the first time it is started
    count,
};
std::string_view to_string(Fate fate);

class Repository {
  public:
    explicit Repository(Ground& ground) : ground_(ground) { add(std::nullopt, Fate::good); }

    CommitId push(Fate fate);
    void force_back();  // to an older commit
    [[nodiscard]] CommitId tip() const { return commits_[tip_].id; }
    [[nodiscard]] std::size_t size() const { return commits_.size(); }
    [[nodiscard]] CommitId at(std::size_t number) const { return commits_.at(number).id; }
    [[nodiscard]] Fate fate(const CommitId& commit) const { return commits_[number(commit)].fate; }
    [[nodiscard]] bool was_forced() const { return forced_; }
    [[nodiscard]] bool is_ancestor(const CommitId& older, const CommitId& newer) const {
        return is_ancestor(number(older), number(newer));  // strictly
    }
    [[nodiscard]] core::FetchFacts facts(const core::Request& request,
                                         const std::optional<CommitId>& live) const;
    [[nodiscard]] std::string name(const std::optional<CommitId>& commit) const;

  private:
    struct Commit {
        CommitId id;
        std::optional<std::size_t> parent;
        Fate fate;
    };
    std::size_t add(std::optional<std::size_t> parent, Fate fate);
    [[nodiscard]] std::size_t number(const CommitId& commit) const;
    [[nodiscard]] bool is_ancestor(std::size_t older, std::size_t newer) const;

    Ground& ground_;
    std::vector<Commit> commits_;
    std::size_t tip_ = 0;
    bool forced_ = false;
};

}  // namespace lastgood::sim_fleet
