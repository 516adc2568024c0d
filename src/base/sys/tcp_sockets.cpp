// Asked of the kernel's socket monitor, which skips what we don't want to hear of. The text tables
// of /proc list every connection in TIME_WAIT too, tens of milliseconds on a busy server; they are
// read only where there is no monitor.
#include "lastgood/base/sys/tcp_sockets.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/directory.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::sys {
namespace {

// Numbers of the kernel's states, the same in both places.
constexpr unsigned kEstablished = 1;
constexpr unsigned kCloseWait = 8;  // the client may still wait for an answer
constexpr unsigned kListen = 10;

unsigned states_of(TcpState state) {
    return state == TcpState::listening ? 1U << kListen : 1U << kEstablished | 1U << kCloseWait;
}

// False when the answer is no list.
bool take_answer(const char* bytes, std::size_t size, Inodes& found, bool& finished) {
    auto left = static_cast<unsigned>(size);
    const auto* header = reinterpret_cast<const nlmsghdr*>(bytes);
    for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
        if (header->nlmsg_type == NLMSG_ERROR) return false;
        if (header->nlmsg_type == NLMSG_DONE) {
            finished = true;
            return true;
        }
        inet_diag_msg message{};
        if (header->nlmsg_len < NLMSG_LENGTH(sizeof message)) return false;
        std::memcpy(&message, NLMSG_DATA(header), sizeof message);
        if (message.idiag_inode != 0) found.insert(message.idiag_inode);
    }
    return true;
}

bool ask_monitor(int netlink, int family, std::uint16_t local_port, unsigned states,
                 Inodes& found) {
    struct {
        nlmsghdr header;
        inet_diag_req_v2 body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.sdiag_family = static_cast<std::uint8_t>(family);
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_states = states;
    request.body.id.idiag_sport = htons(local_port);
    if (send(netlink, &request, sizeof request, 0) < 0) return false;
    bool finished = false;
    while (!finished) {
        alignas(nlmsghdr) char buffer[32 * 1024];
        const ssize_t got = recv(netlink, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        if (!take_answer(buffer, static_cast<std::size_t>(got), found, finished)) return false;
    }
    return true;
}

void read_table(const char* table, std::uint16_t local_port, unsigned states, Inodes& found) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        char local[64];
        char remote[64];
        unsigned state = 0;
        unsigned long inode = 0;
        if (std::sscanf(line.c_str(), " %*d: %63s %63s %x %*s %*s %*s %*u %*u %lu", local, remote,
                        &state, &inode) != 4) {
            continue;
        }
        const char* port = std::strrchr(local, ':');
        if (port == nullptr || std::strtoul(port + 1, nullptr, 16) != local_port) continue;
        if (state < 32 && (1U << state & states) != 0 && inode != 0) found.insert(inode);
    }
}

}  // namespace

Inodes tcp_sockets(std::uint16_t local_port, TcpState state) {
    Inodes found;
    const unsigned states = states_of(state);
    const Fd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (netlink && ask_monitor(netlink.get(), AF_INET, local_port, states, found) &&
        ask_monitor(netlink.get(), AF_INET6, local_port, states, found)) {
        return found;
    }
    found.clear();
    read_table("/proc/net/tcp", local_port, states, found);
    read_table("/proc/net/tcp6", local_port, states, found);
    return found;
}

bool holds_socket(pid_t pid, const Inodes& inodes, DescriptorNumbers except) {
    const Directory dir(opendir(("/proc/" + std::to_string(pid) + "/fd").c_str()));
    if (!dir) return false;
    while (const dirent* item = readdir(dir.get())) {
        char target[64];
        const ssize_t got = readlinkat(dirfd(dir.get()), item->d_name, target, sizeof target - 1);
        constexpr std::string_view kPrefix = "socket:[";
        if (got <= 0) continue;
        target[got] = '\0';
        if (!std::string_view(target).starts_with(kPrefix)) continue;
        const long number = std::strtol(item->d_name, nullptr, 10);
        if (number >= except.first && number <= except.last) continue;
        if (inodes.contains(std::strtoull(target + kPrefix.size(), nullptr, 10))) return true;
    }
    return false;
}

std::string PortHolder::text() const {
    return name + " (process " + std::to_string(pid) + ")";
}

std::vector<PortHolder> port_holders(std::uint16_t port) {
    std::vector<PortHolder> holders;
    const Inodes listening = tcp_sockets(port, TcpState::listening);
    const Directory processes(listening.empty() ? nullptr : opendir("/proc"));
    if (!processes) return holders;
    while (const dirent* item = readdir(processes.get())) {
        const auto pid = static_cast<pid_t>(std::strtol(item->d_name, nullptr, 10));
        if (pid <= 0 || !holds_socket(pid, listening)) continue;
        const auto name = read_file("/proc/" + std::to_string(pid) + "/comm", 64);
        holders.push_back({pid, printable(name ? trim(*name) : "unknown")});
    }
    return holders;
}

}  // namespace lastgood::sys
