// What the service manager (systemd) is told, by sd_notify's protocol: one datagram to
// $NOTIFY_SOCKET. Without that variable nothing happens.
#pragma once

#include <string>
#include <string_view>

#include "lastgood/base/time.h"

namespace lastgood::daemon {

// Takes $NOTIFY_SOCKET and $WATCHDOG_USEC out of the environment, so that no child gets at them.
// Call once at start.
void find_service_manager();
// Puts them back, for a program that takes this one's place.
void hand_service_manager_on();
// How often it wants to hear "WATCHDOG=1", or ends us (sd_watchdog_enabled(3)): twice in its time.
// 0: it doesn't.
Millis watchdog_every();
void tell_service_manager(std::string_view state);  // "READY=1", "STOPPING=1", "STATUS=…"
// Has it keep a socket open for the next daemon, under this name.
void keep_at_service_manager(const std::string& name, int fd);

}  // namespace lastgood::daemon
