#include "lastgood/base/network.h"

#include <gtest/gtest.h>

namespace lastgood {
namespace {

IpAddress at(const char* text) {
    const auto address = IpAddress::parse(text);
    EXPECT_TRUE(address) << text;
    return address.value_or(IpAddress());
}

Network net(const char* text) {
    const auto network = Network::parse(text);
    EXPECT_TRUE(network.ok()) << text;
    return network ? *network : Network();
}

TEST(IpAddress, OneAddressHasOneValueAndOneText) {
    EXPECT_EQ(at("192.0.2.7"), at("::ffff:192.0.2.7"));
    EXPECT_EQ(at("::ffff:192.0.2.7").text(), "192.0.2.7");
    EXPECT_EQ(at("2001:DB8:0::1").text(), "2001:db8::1");
    EXPECT_TRUE(at("10.0.0.1").is_v4());
    EXPECT_FALSE(at("::1").is_v4());
}

TEST(IpAddress, WhatIsNoneIsRefused) {
    for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.4 ", "[::1]", "::1%lo",
                             "1.2.3.4:80", "0x7f.1", "256.1.1.1"}) {
        EXPECT_FALSE(IpAddress::parse(text)) << text;
    }
    EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0evil", 12)));
}

TEST(IpAddress, ASenderIsAnIpv4AddressOrASubnetOfIpv6) {
    EXPECT_EQ(at("192.0.2.7").sender(), at("192.0.2.7"));
    EXPECT_EQ(at("2001:db8:1:2:3:4:5:6").sender(), at("2001:db8:1:2::"));
}

TEST(Network, HoldsItsAddressesAndNoOthers) {
    EXPECT_TRUE(net("10.0.0.0/8").contains(at("10.255.0.1")));
    EXPECT_FALSE(net("10.0.0.0/8").contains(at("11.0.0.1")));
    EXPECT_TRUE(net("192.30.252.0/22").contains(at("192.30.255.255")));
    EXPECT_FALSE(net("192.30.252.0/22").contains(at("192.31.0.0")));
    EXPECT_TRUE(net("192.0.2.7").contains(at("192.0.2.7")));
    EXPECT_FALSE(net("192.0.2.7").contains(at("192.0.2.8")));
    EXPECT_TRUE(net("2001:db8::/32").contains(at("2001:db8:ffff::1")));
    EXPECT_FALSE(net("2001:db8::/32").contains(at("2001:db9::")));
}

TEST(Network, AllOfOneFamilyIsNotAllOfTheOther) {
    EXPECT_TRUE(net("0.0.0.0/0").contains(at("203.0.113.1")));
    EXPECT_FALSE(net("0.0.0.0/0").contains(at("2001:db8::1")));
    EXPECT_TRUE(net("::/0").contains(at("2001:db8::1")));
}

TEST(Network, IsWrittenAsItIsRead) {
    for (const char* text : {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1", "0.0.0.0/0"}) {
        EXPECT_EQ(net(text).text(), text);
    }
}

TEST(Network, WhatIsNoneIsToldWithTheMend) {
    for (const char* text : {"", "github.com", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "/8",
                             "10.0.0.0/8/8", "10.0.0.0/8 ", "::/129"}) {
        EXPECT_FALSE(Network::parse(text).ok()) << text;
    }
    EXPECT_NE(Network::parse("10.0.0.1/8").error().what.find("beyond its prefix"),
              std::string::npos);
}

}  // namespace
}  // namespace lastgood
