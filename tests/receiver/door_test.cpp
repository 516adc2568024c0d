#include "receiver/door.h"

#include <gtest/gtest.h>

namespace lastgood::receiver {
namespace {

std::vector<Network> networks(std::initializer_list<const char*> texts) {
    std::vector<Network> found;
    for (const char* text : texts) found.push_back(*Network::parse(text));
    return found;
}

class DoorTest : public testing::Test {
  protected:
    std::string told;
    Door door{[this](const std::string& text) { told += text + "\n"; }};

    int admitted(const char* client, const char* path = "/hooks/shop") {
        const auto refusal = door.admit(client, path);
        return refusal ? refusal->status : 0;
    }
};

TEST_F(DoorTest, OnlyTheNetworksThatAreNamedMaySend) {
    door.update({.trusted_proxies = {}, .allow_from = networks({"192.0.2.0/24"})});
    EXPECT_EQ(admitted("192.0.2.77"), 0);
    EXPECT_EQ(admitted("203.0.113.9"), 403);
    EXPECT_EQ(admitted("2001:db8::1"), 403);
    EXPECT_EQ(admitted("203.0.113.9", "/healthz"), 0) << "whoever watches it may ask";
    EXPECT_NE(told.find("203.0.113.9: it is in none of the networks"), std::string::npos) << told;
}

TEST_F(DoorTest, TooManyBadRequestsBarASender) {
    door.update({.trusted_proxies = networks({"10.0.0.0/8"}),
                 .allow_from = {},
                 .bad_requests_per_minute = 2});
    for (const int status : {200, 202, 403, 429, 503}) door.answered("203.0.113.9", status);
    door.answered("203.0.113.9", 401);
    EXPECT_EQ(admitted("203.0.113.9"), 0);
    door.answered("203.0.113.9", 400);
    EXPECT_EQ(admitted("203.0.113.9"), 429);
    EXPECT_EQ(admitted("203.0.113.10"), 0);
}

TEST_F(DoorTest, Ipv6SendersCountByTheirSubnet) {
    door.update({.trusted_proxies = {}, .allow_from = {}, .bad_requests_per_minute = 2});
    door.answered("2001:db8::1", 401);
    door.answered("2001:db8::2", 401);
    EXPECT_EQ(admitted("2001:db8::3"), 429);
    EXPECT_EQ(admitted("2001:db8:0:1::3"), 0);
}

TEST_F(DoorTest, AProxyThatNamesNobodyIsNeverBarred) {
    door.update({.trusted_proxies = networks({"10.0.0.0/8"}),
                 .allow_from = {},
                 .bad_requests_per_minute = 1});
    for (int i = 0; i < 5; ++i) door.answered("10.0.0.1", 401);
    EXPECT_EQ(admitted("10.0.0.1"), 0);
    EXPECT_TRUE(door.speaks_for_many("10.0.0.1"));
    EXPECT_FALSE(door.speaks_for_many("203.0.113.9"));
}

}  // namespace
}  // namespace lastgood::receiver
