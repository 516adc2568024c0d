#include "lastgood/base/sys/tcp_sockets.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace lastgood::sys {
namespace {

constexpr int kSkipped = 77;

bool up(const char* interface) {
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ifreq request{};
    std::strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const bool done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return done;
}

sockaddr_in address(const char* ip, std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    inet_pton(AF_INET, ip, &made.sin_addr);
    return made;
}

// A connection that its client closes first, and which the kernel's table lists for a minute.
bool come_and_go(int listener, const char* ip, std::uint16_t port) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to = address(ip, port);
    const bool connected = connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    const int server = connected ? accept(listener, nullptr, nullptr) : -1;
    close(client);
    if (server >= 0) close(server);
    return connected;
}

// 0: it is found.
int find_among(int connections) {
    constexpr std::uint16_t kPort = 3000;
    if (unshare(CLONE_NEWNET) != 0 || !up("lo")) return kSkipped;
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "1024 65535";
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in any = address("0.0.0.0", kPort);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return kSkipped;
    if (listen(listener, 128) != 0) return kSkipped;
    for (int i = 0; i < connections; ++i) {
        if (!come_and_go(listener, "127.0.0.1", kPort)) return kSkipped;
    }
    const auto holders = port_holders(kPort);
    return holders.size() == 1 && holders.front().pid == getpid() ? 0 : 1;
}

// A busy server has tens of thousands of them.
TEST(PortHolder, IsFoundAmongManyConnectionsThatHaveEnded) {
    const pid_t child = fork();
    if (child == 0) _exit(find_among(40'000));
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == kSkipped) GTEST_SKIP() << "nobody may make a network here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace lastgood::sys
