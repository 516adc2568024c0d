// Sockets that the service manager passes at start (sd_listen_fds(3)): those of a socket unit, and
// those that an earlier daemon had it keep (FDSTORE=1).
#pragma once

#include <string>
#include <vector>

#include "lastgood/base/sys/fd.h"
#include "lastgood/config/config.h"

namespace lastgood::daemon {

struct PassedSocket {
    std::string name;  // FDNAME, or the socket unit's name
    sys::Fd fd;
};

// Takes $LISTEN_PID, $LISTEN_FDS and $LISTEN_FDNAMES out of the environment, so that no child takes
// them for its own, and the descriptors from children. Once, at start.
std::vector<PassedSocket> take_passed_sockets();

constexpr const char* kWebhookSocket = "webhook";

// The receiver's socket, taken out of `passed`: for `listen: systemd` any TCP socket that listens,
// else one on exactly that address. Empty: none fits.
sys::Fd pick_webhook_socket(std::vector<PassedSocket>& passed, const config::Webhook& webhook);

}  // namespace lastgood::daemon
