#include "sim/simulation.h"

#include <gtest/gtest.h>

namespace lastgood::sim {
namespace {

constexpr std::uint64_t kSeeds = 200;

TEST(Simulation, HoldsItsRulesWhateverHappens) {
    std::set<std::string> kinds;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Result result = simulate(seed);
        kinds.insert(result.kinds.begin(), result.kinds.end());
        ASSERT_EQ("", result.broken) << "seed " << seed << "\n" << result.trace;
    }
    // It must not hold for want of trouble.
    for (const char* kind : {"daemon killed", "full disk", "fetch failed", "unlucky build"}) {
        EXPECT_TRUE(kinds.contains(kind)) << kind;
    }
}

TEST(Simulation, GoesTheSameWayForTheSameSeed) {
    Simulation first(7);
    Simulation second(7);
    const auto run = [](Simulation& simulation) {
        try {
            simulation.run();
        } catch (const Broken&) {
        }
        return simulation.ground().trace();
    };
    EXPECT_EQ(run(first), run(second));
}

}  // namespace
}  // namespace lastgood::sim
