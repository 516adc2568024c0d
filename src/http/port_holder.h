// Who listens on a TCP port, as /proc tells.
#pragma once

#include <cstdint>
#include <string>

namespace lastgood::http {

// "nginx (process 812)"; empty where it can't be told (another user's process, no /proc).
std::string port_holder(std::uint16_t port);

}  // namespace lastgood::http
