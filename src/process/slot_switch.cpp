#include "process/slot_switch.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace lastgood::process::slot_switch {
namespace {

// Offsets into the IP header are told so.
constexpr auto kNet = static_cast<std::uint32_t>(SKF_NET_OFF);

Expected<void> attach(int fd, std::vector<sock_filter>& program) {
    const sock_fprog code{static_cast<unsigned short>(program.size()), program.data()};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &code, sizeof code) == 0) return {};
    Error error = system_error(
        "this kernel has no switch between sockets of one port (SO_ATTACH_REUSEPORT_CBPF)", errno);
    error.mend = "a Linux kernel of 4.5 or newer is needed for `listen`";
    return error;
}

}  // namespace

Expected<void> by_source(int fd, std::uint32_t active, in_addr probe_source) {
    std::vector<sock_filter> program = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kNet),       // IP version in the upper half
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),         //
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 3),   // v6: users only
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNet + 12),  // source address
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(probe_source.s_addr), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 1 - active),
        BPF_STMT(BPF_RET | BPF_K, active),
    };
    return attach(fd, program);
}

Expected<void> by_traffic_class(int fd, std::uint32_t active) {
    constexpr std::uint32_t kSource = kNet + 8;
    constexpr std::uint32_t kDestination = kNet + 24;
    std::vector<sock_filter> program = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNet),  // version, traffic class, flow label
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 20),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xFC),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kProbeTrafficClass, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, active),
    };
    for (std::uint32_t word = 0; word < 16; word += 4) {
        const sock_filter same[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSource + word),
            BPF_STMT(BPF_MISC | BPF_TAX, 0),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kDestination + word),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0),
            BPF_STMT(BPF_RET | BPF_K, active),
        };
        program.insert(program.end(), std::begin(same), std::end(same));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, 1 - active));
    return attach(fd, program);
}

}  // namespace lastgood::process::slot_switch
