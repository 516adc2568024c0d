// The two listening sockets of an app on one of its addresses, one per slot, and the switch between
// them.
//
// Both are opened once and never closed while the daemon lives, so no queued connection is ever
// reset. They are blocking, as programs that get one expect.
//
// TCP: both are on the address itself, with SO_REUSEPORT. A classic BPF program on the group sends
// new connections to the active slot, and this daemon's probes to the other one; replacing the
// program is the switch, one system call. Where the kernel can't (can_switch_ports()) both slots
// have one socket, with one queue: two releases side by side would share the users.
//
// A unix socket's path: each slot has a path of its own beside it, PATH.blue and PATH.green. PATH
// is a link (link(2)) to the active one's; renaming another over it is the switch.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/socket_address.h"
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

// The listening socket of this slot that another process has; none: it has none, or this user may
// not take it (ptrace(2), PTRACE_MODE_ATTACH).
sys::Fd take_listening_socket(pid_t pid, const config::ListenAddress& listen, Slot slot);
bool listens_on(int fd, const config::ListenAddress& listen, Slot slot);

// A way to connect to one slot from this machine.
struct Route {
    sys::SocketAddress to{};
    std::optional<sys::SocketAddress> from{};  // to bind to before; none: the kernel's choice
    int traffic_class = 0;                     // IPV6_TCLASS; 0: unset
};

// Whether this kernel takes a program that chooses between the sockets of a port.
bool can_switch_ports();

// Fails as SlotSockets::open() would where somebody else listens there, and takes nothing.
Expected<void> can_listen(const config::ListenAddress& listen);

// Inodes of the open connections that came in on a TCP port of this machine.
std::unordered_set<std::uint64_t> connections_to(std::uint16_t port);

class SlotSockets {
  public:
    // `probe_address`: one of 127.0.0.0/8, this daemon's own. Users go to blue at first. Fails when
    // somebody else listens there (and says who). Port 0 takes any free one. `switched`: what
    // can_switch_ports() said.
    static Expected<SlotSockets> open(const config::ListenAddress& listen,
                                      const std::string& probe_address, LeftSockets left = {},
                                      bool switched = true);

    [[nodiscard]] int fd(Slot slot) const { return sockets_[index(slot)].get(); }
    [[nodiscard]] Slot active() const { return active_; }
    // Both slots have the same connections waiting.
    [[nodiscard]] bool has_one_queue() const { return !switched_ && !listen_.is_unix(); }
    // For the LeftSockets of the next daemon.
    [[nodiscard]] Slot first() const { return first_; }
    [[nodiscard]] std::uint16_t port() const { return sys::port_of(address_); }
    [[nodiscard]] const std::string& name() const { return listen_.name; }

    // Where users connect to, as seen from this machine: loopback for a wildcard.
    [[nodiscard]] const sys::SocketAddress& own_address() const { return own_address_; }
    [[nodiscard]] Route route_to(Slot slot) const;

    Expected<void> switch_to(Slot slot);

    // Connections that wait to be accepted, of a unix socket 1 for any number; -1 when the kernel
    // doesn't say.
    [[nodiscard]] int queue_length(Slot slot) const;
    // Inodes of the open connections that came in on the slot (TCP: on either).
    [[nodiscard]] std::unordered_set<std::uint64_t> connections(Slot slot) const;

    // Paths of unix sockets: the app is gone for good.
    void remove_paths() const;

  private:
    SlotSockets() = default;
    [[nodiscard]] Expected<void> open_tcp(LeftSockets left);
    [[nodiscard]] Expected<void> open_unix(LeftSockets left);
    [[nodiscard]] Expected<void> attach(Slot slot);

    config::ListenAddress listen_;
    bool switched_ = true;
    sys::SocketAddress address_{};
    std::array<sys::Fd, 2> sockets_;
    Slot active_ = Slot::blue;
    Slot first_ = Slot::blue;
    sys::SocketAddress own_address_{};
    sys::SocketAddress probe_source_{};  // IPv4
};

}  // namespace lastgood::process
