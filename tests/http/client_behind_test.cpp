#include "lastgood/http/client_behind.h"

#include <gtest/gtest.h>

namespace lastgood::http {
namespace {

std::string behind(const char* peer, std::initializer_list<const char*> headers) {
    std::vector<std::pair<std::string, std::string>> sent = {{"host", "h"}};
    for (const char* value : headers) sent.emplace_back("x-forwarded-for", value);
    return client_behind({*Network::parse("10.0.0.0/8")}, *IpAddress::parse(peer), sent).text();
}

TEST(ClientBehind, AStrangersHeaderIsNotBelieved) {
    EXPECT_EQ(behind("203.0.113.9", {"192.0.2.1"}), "203.0.113.9");
    EXPECT_EQ(behind("203.0.113.9", {}), "203.0.113.9");
}

TEST(ClientBehind, TheLastHopThatNoTrustedProxyIsCounts) {
    EXPECT_EQ(behind("10.0.0.1", {"192.0.2.1"}), "192.0.2.1");
    EXPECT_EQ(behind("10.0.0.1", {"192.0.2.1, 10.0.0.2"}), "192.0.2.1");
    EXPECT_EQ(behind("10.0.0.1", {"198.51.100.7, 192.0.2.1"}), "192.0.2.1") << "forged by it";
    EXPECT_EQ(behind("10.0.0.1", {"198.51.100.7", "192.0.2.1 ,10.0.0.2"}), "192.0.2.1")
        << "several headers are one list";
    EXPECT_EQ(behind("10.0.0.1", {"2001:db8::7"}), "2001:db8::7");
}

TEST(ClientBehind, WhatIsNoAddressEndsTheWay) {
    EXPECT_EQ(behind("10.0.0.1", {"unknown"}), "10.0.0.1");
    EXPECT_EQ(behind("10.0.0.1", {"192.0.2.1, evil\x7f, 10.0.0.2"}), "10.0.0.2");
    EXPECT_EQ(behind("10.0.0.1", {""}), "10.0.0.1");
    EXPECT_EQ(behind("10.0.0.1", {"192.0.2.1:4711"}), "10.0.0.1");
}

}  // namespace
}  // namespace lastgood::http
