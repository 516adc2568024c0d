#include "lastgood/base/sys/socket_address.h"

#include <arpa/inet.h>

#include <cstddef>
#include <cstring>

namespace lastgood::sys {

socklen_t length(const SocketAddress& address) {
    switch (address.any.sa_family) {
        case AF_INET:
            return sizeof address.v4;
        case AF_INET6:
            return sizeof address.v6;
        default:
            return sizeof address.path;
    }
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
    if (a.any.sa_family != b.any.sa_family) return false;
    switch (a.any.sa_family) {
        case AF_INET:
            return a.v4.sin_port == b.v4.sin_port && a.v4.sin_addr.s_addr == b.v4.sin_addr.s_addr;
        case AF_INET6:
            return a.v6.sin6_port == b.v6.sin6_port &&
                   IN6_ARE_ADDR_EQUAL(&a.v6.sin6_addr, &b.v6.sin6_addr);
        default:
            return std::strncmp(a.path.sun_path, b.path.sun_path, sizeof a.path.sun_path) == 0;
    }
}

std::optional<SocketAddress> ip_address(const std::string& host, std::uint16_t port) {
    SocketAddress address{};
    if (inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
    } else if (inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
    } else {
        return std::nullopt;
    }
    set_port(address, port);
    return address;
}

Expected<SocketAddress> unix_address(const std::string& path) {
    SocketAddress address{};
    address.path.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.path.sun_path) {
        return Error{"the socket's path " + path + " is longer than " +
                         std::to_string(sizeof address.path.sun_path - 1) + " bytes",
                     "choose a shorter one"};
    }
    std::memcpy(address.path.sun_path, path.data(), path.size());
    return address;
}

std::optional<SocketAddress> bound_address(int fd) {
    SocketAddress address{};
    socklen_t size = sizeof address;
    if (getsockname(fd, &address.any, &size) < 0) return std::nullopt;
    const auto family = address.any.sa_family;
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) return std::nullopt;
    return address;
}

std::uint16_t port_of(const SocketAddress& address) {
    if (address.any.sa_family == AF_INET) return ntohs(address.v4.sin_port);
    return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : 0;
}

void set_port(SocketAddress& address, std::uint16_t port) {
    if (address.any.sa_family == AF_INET) address.v4.sin_port = htons(port);
    if (address.any.sa_family == AF_INET6) address.v6.sin6_port = htons(port);
}

std::string host_of(const SocketAddress& address) {
    char text[INET6_ADDRSTRLEN] = "";
    const std::string port = ":" + std::to_string(port_of(address));
    if (address.any.sa_family == AF_INET) {
        return inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text) + port;
    }
    if (address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
        return "[" + std::string(text) + "]" + port;
    }
    return "localhost";
}

}  // namespace lastgood::sys
