// What all parts of one simulated run share: the clock, the dice, the trace and the faults.
//
// The fault model. While `faults` are on:
//   daemon   killed at any stored step or effect, before or after it; starts again later
//   disk     refuses writes for a while; what it took stays, a batch is taken whole or not at all
//   git      fails, hangs until its deadline, shows a push later than it was announced, or has lost
//            the branch for a while
//   build    fails now and then without a reason of its own
//   apps     do what their commit's fate says, and are killed now and then
//   config   differs now and then when the daemon starts again
//   forge    deliveries come late, out of order, twice or never
#pragma once

#include <deque>
#include <set>
#include <string>

#include "lastgood/base/random.h"
#include "sim/clock.h"

namespace lastgood::sim {

// A rule was broken; ends the run.
struct Broken {
    std::string what;
};
// kill -9 of the daemon, thrown out of whatever it was doing.
struct DaemonKilled {};

struct Faults {
    bool on = true;
    bool disk_refuses = false;
    bool git_fails = false;
    bool branch_gone = false;
    int kill_in = 0;  // kill points from now; 0: none planned
};

class Ground {
  public:
    explicit Ground(std::uint64_t seed) : random(seed) {}

    Clock clock;
    Random random;
    Faults faults;
    std::size_t lines_kept = 120;  // of the trace
    std::set<std::string>
        unlucky;                  // app and commit of builds that failed for no fault of their own
    std::set<std::string> kinds;  // of trouble met, to see that the simulation meets any

    void note(const std::string& line);
    // Forgets the newest lines: nothing new happened.
    [[nodiscard]] std::size_t noted() const { return noted_; }
    void unnote(std::size_t down_to);
    [[nodiscard]] std::string trace() const;
    [[noreturn]] static void broken(const std::string& what) { throw Broken{what}; }
    static void must(bool holds, const std::string& what) {
        if (!holds) broken(what);
    }
    void kill_point(const char* where);
    Millis between(int low_ms, int high_ms) {
        return Millis(low_ms + static_cast<int>(
                                   random.below(static_cast<std::uint64_t>(high_ms - low_ms + 1))));
    }
    bool fault(unsigned percent) { return faults.on && random.chance(percent); }

  private:
    std::deque<std::string> lines_;
    std::size_t noted_ = 0;
};

}  // namespace lastgood::sim
