#include "lastgood/process/slot_sockets.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "lastgood/base/limits.h"
#include "process/proc.h"

namespace lastgood::process {
namespace {

union Address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

Expected<Address> parse_address(const config::ListenAddress& listen) {
    Address address{};
    if (inet_pton(AF_INET, listen.host.c_str(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(listen.port);
        return address;
    }
    if (listen.host == "::") {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_addr = in6addr_any;
        address.v6.sin6_port = htons(listen.port);
        return address;
    }
    return Error{"can't listen on " + listen.text(), "use an IPv4 address, 0.0.0.0 or [::]"};
}

socklen_t length(const Address& address) {
    return address.any.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

Expected<sys::Fd> make_bound(const config::ListenAddress& listen, const Address& address,
                             bool shared) {
    sys::Fd fd(socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return system_error("can't make a socket for " + listen.text(), errno);
    const int on = 1;
    const int off = 0;
    // Connections of an earlier process in TIME_WAIT are no reason to refuse.
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (address.any.sa_family == AF_INET6) {
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd.get(), &address.any, length(address)) == 0) return fd;
    if (errno != EADDRINUSE) return system_error("can't listen on " + listen.text(), errno);

    const auto holders = proc::tcp_sockets(listen.port, proc::Sockets::listening);
    const std::string who = proc::name_holder(holders);
    return Error{"port " + std::to_string(listen.port) + " is in use" +
                     (who.empty() ? std::string() : " (by " + who + ")"),
                 "stop that program or set another port for `listen`"};
}

Expected<std::uint16_t> bound_port(int fd) {
    Address address{};
    socklen_t size = sizeof address;
    if (getsockname(fd, &address.any, &size) < 0) return system_error("getsockname", errno);
    return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

}  // namespace

Expected<SlotSockets> SlotSockets::open(const config::ListenAddress& listen,
                                        const std::string& probe_address) {
    auto address = parse_address(listen);
    if (!address) return address.error();
    SlotSockets made;
    if (inet_pton(AF_INET, probe_address.c_str(), &made.probe_source_.sin_addr) != 1) {
        return Error{"the probe address " + probe_address + " is no IPv4 address", ""};
    }
    made.probe_source_.sin_family = AF_INET;

    // With SO_REUSEPORT we would silently share the port with another group of the same user; a
    // plain bind finds it out.
    auto alone = make_bound(listen, *address, false);
    if (!alone) return alone.error();
    alone->reset();

    for (sys::Fd& fd : made.sockets_) {
        auto bound = make_bound(listen, *address, true);
        if (!bound) return bound.error();
        fd = std::move(*bound);
        if (made.port_ != 0) continue;
        auto port = bound_port(fd.get());
        if (!port) return port.error();
        made.port_ = *port;
        (address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port) =
            htons(made.port_);
    }
    made.own_address_ = loopback(made.port_);
    if (address->any.sa_family == AF_INET && address->v4.sin_addr.s_addr != htonl(INADDR_ANY)) {
        made.own_address_ = address->v4;
    }
    // The program is there before the first connection can be; the sockets' numbers in the group
    // are their order of listen().
    if (auto attached = made.attach(Slot::blue); !attached) return attached.error();
    for (const sys::Fd& fd : made.sockets_) {
        if (::listen(fd.get(), limits::kSlotBacklog) < 0) {
            return system_error("can't listen on " + listen.text(), errno);
        }
    }
    return made;
}

Expected<void> SlotSockets::attach(Slot slot) {
    const auto active = static_cast<std::uint32_t>(index(slot));
    const auto standby = static_cast<std::uint32_t>(index(other(slot)));
    const std::uint32_t probe = ntohl(probe_source_.sin_addr.s_addr);
    const auto net = static_cast<std::uint32_t>(SKF_NET_OFF);
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, net),       // IP version in the upper half
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),        //
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 3),  // v6: users only
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net + 12),  // source address
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, probe, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, standby),
        BPF_STMT(BPF_RET | BPF_K, active),
    };
    const sock_fprog code{sizeof program / sizeof program[0], program};
    if (setsockopt(sockets_[0].get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &code, sizeof code) <
        0) {
        Error error = system_error(
            "this kernel has no switch between sockets of one port "
            "(SO_ATTACH_REUSEPORT_CBPF)",
            errno);
        error.mend = "a Linux kernel of 4.5 or newer is needed for `listen`";
        return error;
    }
    active_ = slot;
    return {};
}

Expected<void> SlotSockets::switch_to(Slot slot) {
    return slot == active_ ? Expected<void>() : attach(slot);
}

int SlotSockets::queue_length(Slot slot) const {
    tcp_info info{};
    socklen_t size = sizeof info;
    // For a listening socket the field tells the length of its accept queue.
    if (getsockopt(fd(slot), IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return -1;
    return static_cast<int>(info.tcpi_unacked);
}

}  // namespace lastgood::process
