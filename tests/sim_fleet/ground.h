// What all parts of one simulated run share: the clock, the dice, the trace and the faults.
//
// The fault model. While `faults` is on:
//   etcd       its leader is stopped (no answer, silent watches, leases don't run out), it is
//              compacted, and restored from a backup; answers get lost, before or after the
//              transaction was applied, and some are applied much later
//   watches    lag, each by its own time, and are silent when their host is cut off
//   hosts      die and come back, are cut off from etcd, lose their agent alone
//   controller the same; and it freezes between a decision and its transaction
//   commits    do what their fate says; fetches and builds fail by bad luck, too
//   forge      deliveries come in bursts, late, out of order and twice
//   people     deploy, roll back, pause, resume; for the fleet and on single hosts
#pragma once

#include <deque>
#include <string>

#include "lastgood/base/random.h"
#include "sim/clock.h"
#include "sim_fleet/counts.h"

namespace lastgood::sim_fleet {

// A rule was broken; ends the run.
struct Broken {
    std::string what;
};

class Ground {
  public:
    explicit Ground(std::uint64_t seed) : random(seed) {}

    sim::Clock clock;
    Random random;
    bool faults = true;
    Counts counts;
    std::size_t lines_kept = 0;  // of the trace; none: it isn't even made

    [[nodiscard]] Instant now() const { return clock.now(); }
    [[nodiscard]] WallTime wall() const { return WallTime(clock.now().time_since_epoch()); }
    [[nodiscard]] bool tracing() const { return lines_kept > 0; }
    void note(const std::string& line);
    [[nodiscard]] std::string trace() const;
    [[noreturn]] static void broken(const std::string& what) { throw Broken{what}; }
    static void must(bool holds, const char* what) {
        if (!holds) broken(what);
    }
    Millis between(int low_ms, int high_ms) {
        return Millis(low_ms + static_cast<int>(
                                   random.below(static_cast<std::uint64_t>(high_ms - low_ms + 1))));
    }
    std::size_t any_of(std::size_t count) {
        return static_cast<std::size_t>(random.below(static_cast<std::uint64_t>(count)));
    }
    bool fault(unsigned percent) { return faults && random.chance(percent); }

  private:
    std::deque<std::string> lines_;
};

}  // namespace lastgood::sim_fleet
