// An address of a stream socket: IPv4, IPv6 or a path.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>

#include "lastgood/base/error.h"

namespace lastgood::sys {

union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un path;
};

// As bind(2) and connect(2) want it.
socklen_t length(const SocketAddress& address);
bool operator==(const SocketAddress& a, const SocketAddress& b);

// "127.0.0.1" or "::1"; none: it is no address.
std::optional<SocketAddress> ip_address(const std::string& host, std::uint16_t port);
Expected<SocketAddress> unix_address(const std::string& path);
// Where the socket is bound; none: it is no such socket.
std::optional<SocketAddress> bound_address(int fd);

std::uint16_t port_of(const SocketAddress& address);  // 0: it has none
void set_port(SocketAddress& address, std::uint16_t port);
// For a Host header: "127.0.0.1:3000", "[::1]:3000", and "localhost" for a path.
std::string host_of(const SocketAddress& address);

}  // namespace lastgood::sys
