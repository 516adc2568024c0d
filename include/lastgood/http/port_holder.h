// Who listens on a TCP port, as /proc tells.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lastgood::http {

struct PortHolder {
    pid_t pid = 0;
    std::string name;
    [[nodiscard]] std::string text() const;  // "nginx (process 812)"
};

// Every process that has a listening socket of the port open. Empty where it can't be told (another
// user's process, no /proc).
std::vector<PortHolder> port_holders(std::uint16_t port);

}  // namespace lastgood::http
