#include "lastgood/process/slot_sockets.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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

bool listens_on(int fd, const config::ListenAddress& listen) {
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
        return false;
    }
    const auto wanted = parse_address(listen);
    Address found{};
    size = sizeof found;
    if (!wanted || getsockname(fd, &found.any, &size) != 0) return false;
    return size == length(*wanted) && found.any.sa_family == wanted->any.sa_family &&
           (found.any.sa_family == AF_INET
                ? found.v4.sin_port == wanted->v4.sin_port &&
                      found.v4.sin_addr.s_addr == wanted->v4.sin_addr.s_addr
                : found.v6.sin6_port == wanted->v6.sin6_port &&
                      IN6_ARE_ADDR_EQUAL(&found.v6.sin6_addr, &wanted->v6.sin6_addr));
}

sys::Fd take_listening_socket(pid_t pid, const config::ListenAddress& listen) {
    constexpr int kFirst = 3;  // as it was passed; a program may have moved it
    constexpr int kLast = 32;
    const sys::Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!process) return {};
    for (int number = kFirst; number <= kLast; ++number) {
        sys::Fd fd(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), number, 0)));
        if (fd && listens_on(fd.get(), listen)) return fd;
    }
    return {};
}

Expected<SlotSockets> SlotSockets::open(const config::ListenAddress& listen,
                                        const std::string& probe_address, LeftSockets left) {
    auto address = parse_address(listen);
    if (!address) return address.error();
    SlotSockets made;
    if (inet_pton(AF_INET, probe_address.c_str(), &made.probe_source_.sin_addr) != 1) {
        return Error{"the probe address " + probe_address + " is no IPv4 address", ""};
    }
    made.probe_source_.sin_family = AF_INET;

    // With SO_REUSEPORT we would silently share the port with another group of the same user; a
    // plain bind finds it out.
    if (!left.any()) {
        auto alone = make_bound(listen, *address, false);
        if (!alone) return alone.error();
    }
    made.first_ = left.first;
    if (!left.sockets[0] || !left.sockets[1]) {
        made.first_ = left.sockets[index(Slot::green)] ? Slot::green : Slot::blue;
    }
    made.sockets_ = std::move(left.sockets);
    for (sys::Fd& fd : made.sockets_) {
        if (fd) {
            auto port = bound_port(fd.get());
            if (!port) return port.error();
            made.port_ = *port;
            continue;
        }
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
    if (auto attached = made.attach(left.active); !attached) return attached.error();
    for (const sys::Fd& fd : made.sockets_) {
        if (::listen(fd.get(), limits::kSlotBacklog) < 0) {
            return system_error("can't listen on " + listen.text(), errno);
        }
    }
    return made;
}

Expected<void> SlotSockets::attach(Slot slot) {
    const std::uint32_t active = slot == first_ ? 0 : 1;
    const std::uint32_t standby = 1 - active;
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
    if (setsockopt(fd(first_), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &code, sizeof code) < 0) {
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
