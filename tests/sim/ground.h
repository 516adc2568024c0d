// What all parts of one simulated run share: the clock, the dice, the trace and the faults.
//
// The fault model. While `faults` are on:
//   daemon   killed between two steps, before any effect, inside any transaction and on either side
//            of its commit; starts again later, and finds some of the apps' processes alive
//   machine  loses its power: all processes end, and what was not synced is lost from some write
//            on, the last one torn; the boot clock begins anew
//   disk     refuses writes for a while; a transaction is taken whole or not at all
//   clock    jumps ahead (the machine slept), and goes back
//   git      fails, hangs until its deadline, shows a push later than it was announced, or has lost
//            the branch for a while
//   build    fails or hangs now and then without a reason of its own
//   apps     do what their commit's fate says, and are killed now and then
//   config   differs now and then when the daemon starts again
//   forge    deliveries come in bursts, late, out of order, twice or never
#pragma once

#include <deque>
#include <set>
#include <string>

#include "lastgood/base/random.h"
#include "sim/clock.h"
#include "sim/counts.h"

namespace lastgood::sim {

// A rule was broken; ends the run.
struct Broken {
    std::string what;
};
// kill -9 of the daemon, thrown out of whatever it was doing.
struct DaemonKilled {};
// The machine went down with it.
struct PowerLost {};

struct Faults {
    bool on = true;
    bool disk_refuses = false;
    bool git_fails = false;
    bool branch_gone = false;
    int kill_in = 0;  // kill points from now; 0: none planned
    bool with_power = false;
};

class Ground {
  public:
    explicit Ground(std::uint64_t seed) : random(seed) {}

    Clock clock;
    Random random;
    Faults faults;
    Counts counts;
    std::size_t lines_kept = 0;     // of the trace; none: it isn't even made
    std::set<std::string> unlucky;  // app and commit of builds that failed for no fault of theirs

    [[nodiscard]] bool tracing() const { return lines_kept > 0; }
    void note(const std::string& line);
    // Forgets the newest lines: nothing new happened.
    [[nodiscard]] std::size_t noted() const { return noted_; }
    void unnote(std::size_t down_to);
    [[nodiscard]] std::string trace() const;
    [[noreturn]] static void broken(const std::string& what) { throw Broken{what}; }
    static void must(bool holds, const char* what) {
        if (!holds) broken(what);
    }
    void kill_point(Kind kind);
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
