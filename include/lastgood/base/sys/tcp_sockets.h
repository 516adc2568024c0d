// This machine's TCP sockets by local port, and the processes that hold them. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace lastgood::sys {

using Inodes = std::unordered_set<std::uint64_t>;

enum class TcpState { listening, connected };
// Inodes of the sockets on a local port.
Inodes tcp_sockets(std::uint16_t local_port, TcpState state);

struct DescriptorNumbers {
    int first = -1;
    int last = -1;
};

// Does the process hold one of these sockets, by a number that isn't among `except`? No where we
// may not look.
bool holds_socket(pid_t pid, const Inodes& inodes, DescriptorNumbers except = {});

struct PortHolder {
    pid_t pid = 0;
    std::string name;
    [[nodiscard]] std::string text() const;  // "nginx (process 812)"
};

// Every process that has a listening socket of the port open. Empty where it can't be told (another
// user's process, no /proc).
std::vector<PortHolder> port_holders(std::uint16_t port);

}  // namespace lastgood::sys
