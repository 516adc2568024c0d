#include "lastgood/process/slot_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/tcp_sockets.h"
#include "process/slot_switch.h"
#include "process/unix_slots.h"

namespace lastgood::process {
namespace {

bool is_wildcard(const sys::SocketAddress& address) {
    if (address.any.sa_family == AF_INET) return address.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr);
}

// Those that IPv4 gets to have a source for probes; on one IPv6 address there is none to spare.
bool takes_ipv4(const sys::SocketAddress& address) {
    return address.any.sa_family == AF_INET ||
           (address.any.sa_family == AF_INET6 && is_wildcard(address));
}

Expected<sys::Fd> make_bound(const config::ListenAddress& listen, const sys::SocketAddress& address,
                             bool shared) {
    sys::Fd fd(socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return system_error("can't make a socket for " + listen.text(), errno);
    const int on = 1;
    const int v6_only = is_wildcard(address) ? 0 : 1;
    // Connections of an earlier process in TIME_WAIT are no reason to refuse.
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (address.any.sa_family == AF_INET6) {
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
    }
    if (bind(fd.get(), &address.any, length(address)) == 0) return fd;
    if (errno == EADDRNOTAVAIL) {
        return Error{"this machine has no address " + listen.host,
                     "set another one for `listen`, or 0.0.0.0 or [::] for all of them"};
    }
    if (errno != EADDRINUSE) return system_error("can't listen on " + listen.text(), errno);

    const auto holders = sys::port_holders(listen.port);
    return Error{"port " + std::to_string(listen.port) + " is in use" +
                     (holders.empty() ? std::string() : " by " + holders.front().text()),
                 "stop that program or set another port for `listen`"};
}

Expected<sys::SocketAddress> address_of(const config::ListenAddress& listen, Slot slot) {
    if (listen.is_unix()) return sys::unix_address(unix_slots::path_of(listen.path, slot));
    if (const auto address = sys::ip_address(listen.host, listen.port)) return *address;
    return Error{"can't listen on " + listen.text(), "use an IP address, 0.0.0.0 or [::]"};
}

}  // namespace

bool listens_on(int fd, const config::ListenAddress& listen, Slot slot) {
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
        return false;
    }
    const auto wanted = address_of(listen, slot);
    const auto found = sys::bound_address(fd);
    return wanted && found && *found == *wanted;
}

sys::Fd take_listening_socket(pid_t pid, const config::ListenAddress& listen, Slot slot) {
    constexpr int kFirst = 3;  // as it was passed; a program may have moved it
    constexpr int kLast = 32;
    const sys::Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!process) return {};
    for (int number = kFirst; number <= kLast; ++number) {
        sys::Fd fd(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), number, 0)));
        if (fd && listens_on(fd.get(), listen, slot)) return fd;
    }
    return {};
}

bool can_switch_ports() {
    const config::ListenAddress any{"127.0.0.1", 0};
    const auto fd = make_bound(any, *sys::ip_address(any.host, any.port), true);
    return fd && slot_switch::by_source(fd->get(), 0, in_addr{htonl(INADDR_LOOPBACK)}).ok();
}

Expected<void> can_listen(const config::ListenAddress& listen) {
    auto address = address_of(listen, Slot::blue);
    if (!address) return address.error();
    if (listen.is_unix()) return {};
    auto bound = make_bound(listen, *address, false);
    return bound ? Expected<void>() : bound.error();
}

std::unordered_set<std::uint64_t> connections_to(std::uint16_t port) {
    return sys::tcp_sockets(port, sys::TcpState::connected);
}

Expected<SlotSockets> SlotSockets::open(const config::ListenAddress& listen,
                                        const std::string& probe_address, LeftSockets left,
                                        bool switched) {
    SlotSockets made;
    made.listen_ = listen;
    made.switched_ = switched;
    const auto probe = sys::ip_address(probe_address, 0);
    if (!probe || probe->any.sa_family != AF_INET) {
        return Error{"the probe address " + probe_address + " is no IPv4 address", ""};
    }
    made.probe_source_ = *probe;
    const Slot active = left.active;
    auto opened =
        listen.is_unix() ? made.open_unix(std::move(left)) : made.open_tcp(std::move(left));
    if (!opened) return opened.error();
    // The program is there before the first connection can be; the sockets' numbers in the group
    // are their order of listen().
    if (auto attached = made.attach(active); !attached) return attached.error();
    if (listen.is_unix()) return made;
    for (const sys::Fd& fd : made.sockets_) {
        if (::listen(fd.get(), limits::kSlotBacklog) < 0) {
            return system_error("can't listen on " + listen.text(), errno);
        }
    }
    return made;
}

Expected<void> SlotSockets::open_tcp(LeftSockets left) {
    auto wanted = address_of(listen_, Slot::blue);
    if (!wanted) return wanted.error();
    address_ = *wanted;
    // With SO_REUSEPORT we would silently share the port with another group of the same user; a
    // plain bind finds it out.
    if (!left.any()) {
        auto alone = make_bound(listen_, address_, false);
        if (!alone) return alone.error();
    }
    first_ = left.first;
    if (!left.sockets[0] || !left.sockets[1]) {
        first_ = left.sockets[index(Slot::green)] ? Slot::green : Slot::blue;
    }
    sockets_ = std::move(left.sockets);
    for (const Slot slot : kSlots) {
        sys::Fd& fd = sockets_[index(slot)];
        const sys::Fd& beside = sockets_[index(other(slot))];
        if (!fd && has_one_queue() && beside) {
            fd = sys::Fd(fcntl(beside.get(), F_DUPFD_CLOEXEC, 0));
        } else if (!fd) {
            auto bound = make_bound(listen_, address_, !has_one_queue());
            if (!bound) return bound.error();
            fd = std::move(*bound);
        }
        const auto found = sys::bound_address(fd.get());
        if (!found) return system_error("getsockname", errno);
        sys::set_port(address_, sys::port_of(*found));
    }
    own_address_ = address_;
    if (is_wildcard(address_)) own_address_ = *sys::ip_address("127.0.0.1", port());
    return {};
}

Expected<void> SlotSockets::open_unix(LeftSockets left) {
    auto whole = sys::unix_address(listen_.path);
    if (!whole) return whole.error();
    own_address_ = address_ = *whole;
    for (const Slot slot : kSlots) {
        sys::Fd& fd = sockets_[index(slot)];
        if (left.sockets[index(slot)]) {
            fd = std::move(left.sockets[index(slot)]);
            continue;
        }
        auto bound = unix_slots::open(listen_.path, slot);
        if (!bound) return bound.error();
        fd = std::move(*bound);
    }
    return {};
}

Expected<void> SlotSockets::attach(Slot slot) {
    Expected<void> done;
    if (listen_.is_unix()) {
        done = unix_slots::point(listen_.path, slot);
    } else if (switched_) {
        const std::uint32_t active = slot == first_ ? 0 : 1;
        done = takes_ipv4(address_)
                   ? slot_switch::by_source(fd(first_), active, probe_source_.v4.sin_addr)
                   : slot_switch::by_traffic_class(fd(first_), active);
    }
    if (done) active_ = slot;
    return done;
}

Expected<void> SlotSockets::switch_to(Slot slot) {
    return slot == active_ ? Expected<void>() : attach(slot);
}

Route SlotSockets::route_to(Slot slot) const {
    if (listen_.is_unix()) return {*address_of(listen_, slot)};
    Route route{own_address_};
    if (slot == active_ || has_one_queue()) return route;
    if (takes_ipv4(address_)) {
        route.from = probe_source_;
    } else {
        route.from = own_address_;
        sys::set_port(*route.from, 0);
        route.traffic_class = slot_switch::kProbeTrafficClass;
    }
    return route;
}

int SlotSockets::queue_length(Slot slot) const {
    if (listen_.is_unix()) {
        pollfd waiting{fd(slot), POLLIN, 0};
        return poll(&waiting, 1, 0);
    }
    tcp_info info{};
    socklen_t size = sizeof info;
    // For a listening socket the field tells the length of its accept queue.
    if (getsockopt(fd(slot), IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return -1;
    return static_cast<int>(info.tcpi_unacked);
}

std::unordered_set<std::uint64_t> SlotSockets::connections(Slot slot) const {
    if (listen_.is_unix()) {
        return unix_slots::connections(unix_slots::path_of(listen_.path, slot));
    }
    return connections_to(port());
}

void SlotSockets::remove_paths() const {
    if (listen_.is_unix()) unix_slots::remove(listen_.path);
}

}  // namespace lastgood::process
