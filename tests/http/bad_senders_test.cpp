#include "lastgood/http/bad_senders.h"

#include <gtest/gtest.h>

#include "lastgood/base/limits.h"

namespace lastgood::http {
namespace {

using namespace std::chrono_literals;

const IpAddress kOne = *IpAddress::parse("192.0.2.1");
const IpAddress kOther = *IpAddress::parse("192.0.2.2");
constexpr Instant kStart{1h};

BadSenders of_three() {
    BadSenders bad;
    bad.set_limit(3);
    return bad;
}

void count(BadSenders& bad, int times, Instant now, const IpAddress& sender = kOne) {
    for (int i = 0; i < times; ++i) bad.count(sender, now);
}

TEST(BadSenders, ABurstUpToTheLimitIsForgivenAndTheNextIsBarred) {
    BadSenders bad = of_three();
    count(bad, 2, kStart);
    EXPECT_FALSE(bad.is_barred(kOne, kStart));
    count(bad, 1, kStart);
    EXPECT_TRUE(bad.is_barred(kOne, kStart));
    EXPECT_FALSE(bad.is_barred(kOther, kStart)) << "each by itself";
}

TEST(BadSenders, TimeForgives) {
    BadSenders bad = of_three();
    count(bad, 10, kStart);
    EXPECT_TRUE(bad.is_barred(kOne, kStart + 19s));
    EXPECT_FALSE(bad.is_barred(kOne, kStart + 20s)) << "a third of a minute is one of three";
    bad.count(kOne, kStart + 20s);
    EXPECT_TRUE(bad.is_barred(kOne, kStart + 21s));
    EXPECT_FALSE(bad.is_barred(kOne, kStart + 5min));
}

TEST(BadSenders, TheBurstNeverGrowsBeyondTheLimit) {
    BadSenders bad = of_three();
    count(bad, 1, kStart);
    count(bad, 3, kStart + 1h);
    EXPECT_TRUE(bad.is_barred(kOne, kStart + 1h));
}

TEST(BadSenders, ZeroBarsNobody) {
    BadSenders bad;
    count(bad, 1000, kStart);
    EXPECT_FALSE(bad.is_barred(kOne, kStart));
    EXPECT_EQ(bad.size(), 0U);
}

TEST(BadSenders, KeepsTheLatestOfMany) {
    BadSenders bad;
    bad.set_limit(1);
    bad.count(kOne, kStart);
    bad.count(kOther, kStart);
    for (std::size_t i = 0; i < limits::kBadSendersMax - 2; ++i) {
        const std::string text = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
        bad.count(*IpAddress::parse(text), kStart);
    }
    bad.count(kOne, kStart);  // again: it is no longer the oldest
    bad.count(*IpAddress::parse("2001:db8::"), kStart);
    EXPECT_EQ(bad.size(), limits::kBadSendersMax);
    EXPECT_TRUE(bad.is_barred(kOne, kStart));
    EXPECT_FALSE(bad.is_barred(kOther, kStart)) << "forgotten for the newest";
}

}  // namespace
}  // namespace lastgood::http
