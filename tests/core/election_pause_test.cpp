// How many hosts stand for controller at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lastgood/core/backoff.h"

namespace lastgood::core {
namespace {

struct Field {
    Millis first{0};
    long long close = 0;  // that stand before a tenth of a second has passed
};

Field draw(std::uint64_t hosts, std::uint64_t round) {
    std::vector<Millis> pauses;
    for (std::uint64_t host = 0; host < hosts; ++host) {
        pauses.push_back(election_pause(round * 1'000'003 + host));
    }
    const Millis first = *std::min_element(pauses.begin(), pauses.end());
    return {first, std::count_if(pauses.begin(), pauses.end(),
                                 [&](Millis pause) { return pause < first + Millis(100); })};
}

TEST(ElectionPause, LetsFewStandHoweverManyThereAre) {
    for (const std::uint64_t hosts : {5, 100, 1'000, 10'000}) {
        long long close = 0;
        for (std::uint64_t round = 0; round < 100; ++round) {
            const Field field = draw(hosts, round);
            EXPECT_LE(field.first, Millis(1'500));
            close += field.close;
        }
        EXPECT_LT(close / 100, 5) << "of " << hosts;
    }
}

}  // namespace
}  // namespace lastgood::core
