// How many hosts that lost etcd at once come back to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lastgood/base/limits.h"
#include "lastgood/core/backoff.h"

namespace lastgood::core {
namespace {

// The most of 10,000 hosts that come back within one tenth of a second.
int busiest_moment(int failures) {
    std::vector<int> moments(60, 0);
    int most = 0;
    for (std::uint64_t host = 0; host < 10'000; ++host) {
        const Millis delay = etcd_return_delay(failures, host);
        most = std::max(most, ++moments.at(static_cast<std::size_t>(delay.count() / 100)));
    }
    return most;
}

TEST(EtcdReturn, SpreadsManyHostsEvenly) {
    EXPECT_LT(busiest_moment(1), 1'200);  // a tenth of a second holds a tenth of them
    EXPECT_LT(busiest_moment(2), 650);
    EXPECT_LT(busiest_moment(9), 300);
}

TEST(EtcdReturn, NeverWaitsLongerThanItMay) {
    for (std::uint64_t host = 0; host < 1'000; ++host) {
        EXPECT_LE(etcd_return_delay(1, host), limits::kEtcdRetryMax);
        EXPECT_LE(etcd_return_delay(100, host), limits::kFleetStampedeMax);
    }
}

TEST(EtcdRetry, IsQuickAtFirstAndPatientWhenItFailsAgainAndAgain) {
    Millis most{0};
    for (std::uint64_t host = 0; host < 1'000; ++host) {
        EXPECT_LE(etcd_retry_delay(1, host), limits::kEtcdRetryMin * 3 / 2);
        EXPECT_LE(etcd_retry_delay(5, host), limits::kEtcdRetryMax * 3 / 2);
        EXPECT_LE(etcd_retry_delay(6, host), limits::kFleetStampedeMax);
        most = std::max(most, etcd_retry_delay(6, host));
    }
    EXPECT_GT(most, limits::kEtcdRetryMax * 3 / 2);
}

TEST(EtcdRetry, IsHastyEachSecondTimeAndOnlyAtFirst) {
    const std::vector<int> hasty = {1, 3, 5};
    for (int failures = 0; failures < 20; ++failures) {
        const bool wanted = std::find(hasty.begin(), hasty.end(), failures) != hasty.end();
        EXPECT_EQ(etcd_hasty(failures), wanted) << failures;
    }
}

}  // namespace
}  // namespace lastgood::core
