// How often each kind of trouble was met, so that nobody believes a run without any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lastgood::sim_fleet {

enum class Kind {
    push,
    burst,
    out_of_order,
    duplicate,
    forced_back,
    bad_commit,
    bad_on_some,
    build_fails,
    fails_in_soak,
    takes_host_down,
    bad_luck,
    deployed,
    proved_bad,
    host_died,
    agent_died,
    cut_off,
    controller_cut_off,
    controller_frozen,
    elected,
    leader_stopped,
    compacted,
    restored,
    slow_watch,
    answer_lost,
    applied_late,
    transaction,
    refused,
    withdrawn,
    declined,
    wish,
    done,
    halted,
    superseded,
    went_back,
    paused,
    order_deploy,
    order_rollback,
    local_rollback,
    local_pause,
    count,
};
constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::count);

constexpr std::array<std::string_view, kKinds> kKindNames = {
    "pushes",
    "bursts of pushes",
    "pushes told out of order",
    "proposals twice",
    "branches forced back",
    "commits bad everywhere",
    "commits bad on some hosts",
    "commits whose build fails",
    "commits that fail in the soak",
    "commits that take the host down",
    "failures by bad luck",
    "deployments on hosts",
    "of them proved bad",
    "hosts died",
    "agents died",
    "hosts cut off",
    "controllers cut off",
    "controllers frozen",
    "controllers elected",
    "leader of etcd stopped",
    "etcd compacted",
    "etcd restored from a backup",
    "watches slow",
    "answers lost",
    "transactions applied late",
    "transactions of controllers",
    "of them refused",
    "deployments withdrawn",
    "grants declined",
    "wishes",
    "rollouts done",
    "rollouts halted",
    "wishes superseded",
    "grants to go back",
    "fleet paused",
    "deploys ordered",
    "rollbacks ordered",
    "rollbacks on a host",
    "pauses on a host",
};

class Counts {
  public:
    void add(Kind kind, std::uint64_t times = 1) { of_[static_cast<std::size_t>(kind)] += times; }
    [[nodiscard]] std::uint64_t of(Kind kind) const { return of_[static_cast<std::size_t>(kind)]; }
    void add(const Counts& other) {
        steps += other.steps;
        for (std::size_t i = 0; i < kKinds; ++i) of_[i] += other.of_[i];
    }

    std::uint64_t steps = 0;  // decisions of controllers and of members

  private:
    std::array<std::uint64_t, kKinds> of_{};
};

}  // namespace lastgood::sim_fleet
