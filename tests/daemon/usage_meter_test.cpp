#include "daemon/usage_meter.h"

#include <gtest/gtest.h>

namespace lastgood::daemon {
namespace {

TEST(CpuSince, IsWhatCameSinceTheReadingBefore) {
    EXPECT_EQ(Millis(30), cpu_since(Millis(70), Millis(100), Millis(500'000), Millis(60'000)));
    // A process that ended took its part of the sum with it.
    EXPECT_EQ(Millis(0), cpu_since(Millis(100), Millis(70), Millis(500'000), Millis(60'000)));
}

TEST(CpuSince, IsTheAverageOfARunThatWasNotReadYet) {
    EXPECT_EQ(Millis(40), cpu_since({}, Millis(40), Millis(2'000), Millis(60'000)));
    EXPECT_EQ(Millis(1'000), cpu_since({}, Millis(60'000), Millis(3'600'000), Millis(60'000)));
}

}  // namespace
}  // namespace lastgood::daemon
