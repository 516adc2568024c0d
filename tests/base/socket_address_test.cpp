#include "lastgood/base/sys/socket_address.h"

#include <string>

#include <gtest/gtest.h>

#include "lastgood/base/sys/fd.h"

namespace lastgood::sys {
namespace {

TEST(SocketAddress, IsReadFromAnIpAddressAndAPort) {
    const auto v4 = ip_address("127.0.0.1", 3000);
    const auto v6 = ip_address("::1", 3000);
    ASSERT_TRUE(v4 && v6);
    EXPECT_EQ(host_of(*v4), "127.0.0.1:3000");
    EXPECT_EQ(host_of(*v6), "[::1]:3000");
    EXPECT_EQ(port_of(*v6), 3000);
    EXPECT_FALSE(*v4 == *v6);
    EXPECT_FALSE(*v4 == *ip_address("127.0.0.1", 3001));
    EXPECT_FALSE(ip_address("localhost", 3000));
    EXPECT_FALSE(ip_address("", 3000));
}

TEST(SocketAddress, OfAPathIsRefusedWhereTheKernelWouldCutIt) {
    const auto longest = unix_address("/" + std::string(106, 'x'));
    ASSERT_TRUE(longest.ok());
    EXPECT_EQ(host_of(*longest), "localhost");
    EXPECT_EQ(port_of(*longest), 0);
    const auto refused = unix_address("/" + std::string(107, 'x'));
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().what.find("longer than 107 bytes"), std::string::npos);
    EXPECT_FALSE(unix_address("").ok());
}

TEST(SocketAddress, IsToldOfASocketThatIsBound) {
    const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
    const auto any = ip_address("127.0.0.1", 0);
    ASSERT_EQ(bind(fd.get(), &any->any, length(*any)), 0);
    const auto bound = bound_address(fd.get());
    ASSERT_TRUE(bound);
    EXPECT_NE(port_of(*bound), 0);
    EXPECT_TRUE(*bound == *ip_address("127.0.0.1", port_of(*bound)));
    EXPECT_FALSE(bound_address(-1));
}

}  // namespace
}  // namespace lastgood::sys
