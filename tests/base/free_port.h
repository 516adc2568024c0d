// Test support: a TCP port for whoever listens there later.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/socket_address.h"

namespace lastgood::test {

// None of those that the kernel gives to connections by itself, and never one that another test
// has, also before its owner listens: a socket's name says so as long as this process lives
// (tests/e2e/harness.py does the same).
inline std::uint16_t free_port() {
    static std::vector<sys::Fd> reserved;
    static std::mt19937 draw{std::random_device{}()};
    while (true) {
        const auto port = std::uniform_int_distribution<std::uint16_t>(10'000, 32'767)(draw);
        const std::string name = "lastgood-test-port-" + std::to_string(port);
        sockaddr_un abstract{};
        abstract.sun_family = AF_UNIX;
        name.copy(abstract.sun_path + 1, name.size());
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        sys::Fd held(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sys::Fd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto any = *sys::ip_address("0.0.0.0", port);
        if (bind(held.get(), reinterpret_cast<const sockaddr*>(&abstract), size) != 0) continue;
        if (bind(probe.get(), &any.any, sys::length(any)) != 0) continue;
        reserved.push_back(std::move(held));
        return port;
    }
}

}  // namespace lastgood::test
