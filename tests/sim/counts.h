// How often each kind of trouble was met, so that nobody believes a run without any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lastgood::sim {

enum class Kind {
    push,
    burst,
    force_push,
    late_delivery,
    duplicate,
    lost_delivery,
    redelivery,
    fetch_failed,
    fetch_hung,
    commit_not_there_yet,
    never_comes,
    branch_gone,
    build_failed,
    build_hung,
    unlucky_build,
    not_ready,
    ended_before_ready,
    crash,
    crash_under_load,
    probe_failed,
    grown,
    process_killed,
    killed_between_steps,
    killed_at_effect,
    killed_in_transaction,
    killed_around_commit,
    power_lost,
    write_lost,
    full_disk,
    batch_refused,
    clock_ahead,
    clock_back,
    taken_over,
    config_changed,
    rollback,
    deploy,
    pause,
    stop,
    restart,
    quarantine_released,
    promoted,
    fleet_wish,
    fleet_withdrew,
    count,
};
constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::count);

constexpr std::array<std::string_view, kKinds> kKindNames = {
    "pushes",
    "bursts of pushes",
    "force pushes",
    "deliveries late",
    "deliveries twice",
    "deliveries lost",
    "redeliveries by hand",
    "fetches failed",
    "fetches hung",
    "commits not there yet",
    "commits announced that never come",
    "branch gone",
    "builds failed",
    "builds hung",
    "builds failed by bad luck",
    "releases never ready",
    "releases ended before ready",
    "crashes",
    "crashes under load only",
    "probes failed",
    "releases grown too large",
    "processes killed",
    "daemon killed between steps",
    "daemon killed before an effect",
    "daemon killed in a transaction",
    "daemon killed around a commit",
    "power lost",
    "writes lost with the power",
    "disk full",
    "batches refused",
    "clock jumps ahead",
    "clock jumps back",
    "processes taken over",
    "config changed",
    "rollbacks asked",
    "deploys asked",
    "pauses and resumes",
    "stops and starts",
    "restarts",
    "quarantines released",
    "promotions due",
    "wishes of the fleet",
    "wishes withdrawn",
};

class Counts {
  public:
    void add(Kind kind, std::uint64_t times = 1) { of_[static_cast<std::size_t>(kind)] += times; }
    [[nodiscard]] std::uint64_t of(Kind kind) const { return of_[static_cast<std::size_t>(kind)]; }
    void add(const Counts& other) {
        steps += other.steps;
        for (std::size_t i = 0; i < kKinds; ++i) of_[i] += other.of_[i];
    }

    std::uint64_t steps = 0;  // events that an app's machine took

  private:
    std::array<std::uint64_t, kKinds> of_{};
};

}  // namespace lastgood::sim
