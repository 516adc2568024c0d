// The two listening sockets of an app, one per slot, on one address, and the kernel's switch
// between them.
//
// Both are opened once with SO_REUSEPORT and never closed while the daemon lives, so no queued
// connection is ever reset. A classic BPF program on the group sends new connections to the active
// slot, and those that come from this daemon's probe address to the other one; replacing the
// program is the switch, one system call. The sockets are blocking, as programs that get one
// expect.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/config/config.h"

namespace lastgood::process {

// Slot sockets that an earlier daemon opened on the same address and that are still open.
struct LeftSockets {
    std::array<sys::Fd, 2> sockets{};  // by slot; one may be missing
    // Which of the two the kernel counts first: of one that was closed the other takes the place.
    Slot first = Slot::blue;
    Slot active = Slot::blue;  // where users go
    [[nodiscard]] bool any() const { return sockets[0] || sockets[1]; }
};

// The listening socket on this address that another process has; none: it has none, or this user
// may not take it (ptrace(2), PTRACE_MODE_ATTACH).
sys::Fd take_listening_socket(pid_t pid, const config::ListenAddress& listen);
bool listens_on(int fd, const config::ListenAddress& listen);

class SlotSockets {
  public:
    // `probe_address`: one of 127.0.0.0/8, this daemon's own. Users go to blue at first. Fails when
    // somebody else listens there (and says who), or when the kernel has no hook for the switch.
    // Port 0 takes any free one.
    static Expected<SlotSockets> open(const config::ListenAddress& listen,
                                      const std::string& probe_address, LeftSockets left = {});

    [[nodiscard]] int fd(Slot slot) const { return sockets_[index(slot)].get(); }
    [[nodiscard]] Slot active() const { return active_; }
    // For the LeftSockets of the next daemon.
    [[nodiscard]] Slot first() const { return first_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }

    // Where to connect to from this machine: the configured IPv4 address, or loopback for a
    // wildcard.
    [[nodiscard]] const sockaddr_in& own_address() const { return own_address_; }
    // The source address to bind to before connecting, to get into the slot without users.
    [[nodiscard]] const sockaddr_in& probe_source() const { return probe_source_; }

    Expected<void> switch_to(Slot slot);

    // Connections that wait to be accepted; -1 when the kernel doesn't say.
    [[nodiscard]] int queue_length(Slot slot) const;

  private:
    SlotSockets() = default;
    [[nodiscard]] Expected<void> attach(Slot slot);

    std::array<sys::Fd, 2> sockets_;
    Slot active_ = Slot::blue;
    Slot first_ = Slot::blue;
    std::uint16_t port_ = 0;
    sockaddr_in own_address_{};
    sockaddr_in probe_source_{};
};

}  // namespace lastgood::process
