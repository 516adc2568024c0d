#include "sim_fleet/simulation.h"

#include <gtest/gtest.h>

namespace lastgood::sim_fleet {
namespace {

constexpr std::uint64_t kSeeds = 150;

TEST(FleetSimulation, HoldsItsRulesWhateverHappens) {
    Counts counts;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Result result = simulate(seed);
        counts.add(result.counts);
        ASSERT_EQ("", result.broken) << "seed " << seed << "\n" << trace_of(seed, 150);
    }
    // It must not hold for want of trouble.
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        EXPECT_LT(0U, counts.of(static_cast<Kind>(kind))) << kKindNames[kind];
    }
}

TEST(FleetSimulation, GoesTheSameWayForTheSameSeed) {
    const std::string trace = trace_of(7, 100'000);
    EXPECT_EQ(trace, trace_of(7, 100'000));
    // With a trace and without.
    EXPECT_EQ(simulate(7).counts.steps, simulate(7).counts.steps);
}

}  // namespace
}  // namespace lastgood::sim_fleet
