#include "fleet/keeper.h"

#include <gtest/gtest.h>

namespace lastgood::fleet::test {
namespace {

using Kind = Keeper::Kind;

constexpr Instant kNow{Millis(1'000'000)};
constexpr Millis kEvery = limits::kFleetKeepAliveEvery;

bool is_due(Millis age, Kind kind = Kind::one_of_many, Millis took = Millis(20)) {
    return Keeper::is_due(kind, kNow, kNow - age, took);
}

TEST(Keeper, ProbesWithEverySecondKeepAliveOfAQuietHost) {
    EXPECT_FALSE(is_due(kEvery));
    EXPECT_FALSE(is_due(kEvery + Millis(500)));
    EXPECT_TRUE(is_due(2 * kEvery));
    EXPECT_TRUE(is_due(2 * kEvery - Millis(500)));
}

TEST(Keeper, ProbesWithEachKeepAliveInTrouble) {
    EXPECT_TRUE(is_due(kEvery, Kind::one_of_many, limits::kEtcdTimeMax));
    EXPECT_TRUE(Keeper::is_due(Kind::one_of_many, kNow, {}, Millis(20)));
    // The last one got no answer: the view is older than two keep-alives by now.
    EXPECT_TRUE(is_due(3 * kEvery));
}

TEST(Keeper, ProbesTheControllersViewWithEachKeepAlive) {
    EXPECT_TRUE(is_due(kEvery, Kind::alone));
}

// A probe that gets no answer must not end what is under way.
TEST(Keeper, HasTimeForAnotherProbeBeforeItsViewIsTooOld) {
    EXPECT_LE(3 * kEvery + Millis(500), kViewAgeMax);
    EXPECT_LE(kViewAgeMax, limits::kFleetLease * 9 / 10);
}

}  // namespace
}  // namespace lastgood::fleet::test
