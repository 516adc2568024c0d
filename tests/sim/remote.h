// A git remote: commits with one parent each, one branch that is pushed and force-pushed, and
// replicas that show a push some time after it was announced.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "lastgood/core/commit_policy.h"
#include "sim/ground.h"

namespace lastgood::sim {

// What becomes of a commit that is deployed.
enum class Fate {
    good,
    build_fails,
    build_hangs,
    never_ready,
    ends_before_ready,
    takes_the_machine_down,  // before it is ready
    crashes_at_once,
    crashes_slowly,
    crashes_under_load,  // only once it has users
    crashes_after_good,
    stops_answering,
    grows,  // over memory_max, again and again
    count,
};
std::string_view to_string(Fate fate);

class Remote {
  public:
    Remote(Ground& ground, int number);

    CommitId push(Fate fate, int commits, bool skip_asked = false);
    // The branch is set to an older commit, or to a new one on top of an older one.
    CommitId force_push(std::optional<Fate> fate);
    // A commit that was announced and never comes.
    CommitId announce_only();
    void show_all();  // the replicas have caught up

    [[nodiscard]] CommitId tip() const { return commits_[tip_].id; }
    [[nodiscard]] CommitId tip_shown() const;
    [[nodiscard]] Fate fate(const CommitId& commit) const { return at(commit).fate; }
    [[nodiscard]] bool skip_asked(const CommitId& commit) const { return at(commit).skip_asked; }
    [[nodiscard]] CommitId any_commit();
    [[nodiscard]] bool is_ancestor(const CommitId& older, const CommitId& newer) const {
        return is_ancestor(number(older), number(newer));  // strictly
    }
    [[nodiscard]] core::FetchFacts facts(const std::vector<CommitId>& candidates,
                                         const std::optional<CommitId>& live) const;
    // "c12" and the fate, for the trace
    [[nodiscard]] std::string name(const std::optional<CommitId>& commit) const;

  private:
    struct Commit {
        CommitId id;
        std::optional<std::size_t> parent;
        Fate fate;
        Instant shown;
        bool skip_asked;
    };
    struct Move {
        Instant shown;
        std::size_t tip;
    };
    std::size_t add(std::optional<std::size_t> parent, Fate fate, Instant shown, bool skip_asked);
    void move_to(std::size_t tip, Instant shown);
    [[nodiscard]] std::size_t number(const CommitId& commit) const;
    [[nodiscard]] const Commit& at(const CommitId& commit) const {
        return commits_[number(commit)];
    }
    [[nodiscard]] bool is_ancestor(std::size_t older, std::size_t newer) const;

    Ground& ground_;
    int number_;
    std::vector<Commit> commits_;
    std::vector<Move> moves_;
    std::size_t tip_ = 0;
};

}  // namespace lastgood::sim
