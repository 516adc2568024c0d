#include "daemon/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lastgood/base/sys/fd.h"

namespace lastgood::daemon {
namespace {

constexpr const char* kSocket = "NOTIFY_SOCKET";
constexpr const char* kWatchdog = "WATCHDOG_USEC";

std::chrono::microseconds& watchdog_time() {
    static std::chrono::microseconds time{0};
    return time;
}

std::string& notify_path() {
    static std::string path;
    return path;
}

// `fd` below 0: no descriptor goes along.
void send_to_service_manager(std::string_view state, int fd) {
    const std::string& path = notify_path();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return;
    iovec text{const_cast<char*>(state.data()), state.size()};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (fd >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    sendmsg(socket.get(), &message, MSG_NOSIGNAL);
}

}  // namespace

void find_service_manager() {
    if (const char* path = std::getenv(kSocket)) notify_path() = path;
    const char* pid = std::getenv("WATCHDOG_PID");
    const bool ours = pid == nullptr || std::to_string(getpid()) == pid;
    if (const char* time = std::getenv(kWatchdog); time != nullptr && ours) {
        watchdog_time() = std::chrono::microseconds(std::strtoll(time, nullptr, 10));
    }
    for (const char* name : {kSocket, kWatchdog, "WATCHDOG_PID"}) unsetenv(name);
}

void hand_service_manager_on() {
    if (!notify_path().empty()) setenv(kSocket, notify_path().c_str(), 1);
    if (watchdog_time().count() > 0) {
        setenv(kWatchdog, std::to_string(watchdog_time().count()).c_str(), 1);
    }
}

Millis watchdog_every() {
    return std::chrono::duration_cast<Millis>(watchdog_time() / 2);
}

void tell_service_manager(std::string_view state) {
    send_to_service_manager(state, -1);
}

void keep_at_service_manager(const std::string& name, int fd) {
    send_to_service_manager("FDSTORE=1\nFDNAME=" + name, fd);
}

}  // namespace lastgood::daemon
