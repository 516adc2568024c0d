// The program in the kernel that says which of the two sockets of a port gets a new connection.
// `active`: 0 or 1, the number in the group of the socket that users go to.
#pragma once

#include <netinet/in.h>

#include <cstdint>

#include "lastgood/base/error.h"

namespace lastgood::process::slot_switch {

// Connections from this IPv4 source go to the other one.
Expected<void> by_source(int fd, std::uint32_t active, in_addr probe_source);

// IPv6: those that come from the very address they go to, so from this machine, with this traffic
// class. Its two low bits are TCP's own.
constexpr int kProbeTrafficClass = 0xB4;
Expected<void> by_traffic_class(int fd, std::uint32_t active);

}  // namespace lastgood::process::slot_switch
