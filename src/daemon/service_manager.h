// What the service manager (systemd) is told, by sd_notify's protocol: one datagram to
// $NOTIFY_SOCKET. Without that variable nothing happens.
#pragma once

#include <string>
#include <string_view>

namespace lastgood::daemon {

// Takes $NOTIFY_SOCKET out of the environment, so that no child gets at it. Call once at start.
void find_service_manager();
// $NOTIFY_SOCKET as it was, for a program that takes this one's place; empty: there is none.
const std::string& service_manager_socket();
void tell_service_manager(std::string_view state);  // "READY=1", "STOPPING=1", "STATUS=…"
// Has it keep a socket open for the next daemon, under this name.
void keep_at_service_manager(const std::string& name, int fd);

}  // namespace lastgood::daemon
