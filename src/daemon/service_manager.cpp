#include "daemon/service_manager.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/base/time.h"

namespace lastgood::daemon {
namespace {

constexpr Millis kAskMax{3'000};

std::string& notify_path() {
    static std::string path;
    return path;
}

// "lastgood.service", of cgroup v2; empty: no unit's process.
std::string own_unit() {
    const auto text = sys::read_file("/proc/self/cgroup", 64 * 1024);
    if (!text) return "";
    std::string unit;
    for (const std::string& part : split(trim(*text), '/')) {
        if (part.ends_with(".service")) unit = part;
    }
    return unit;
}

std::string jobs_of(const std::string& unit) {
    auto pipe = sys::make_pipe(O_CLOEXEC);
    if (!pipe) return "";
    sys::SpawnSpec spec;
    spec.argv = {"systemctl", "list-jobs", "--no-legend", "--no-pager", unit};
    spec.env = {"PATH=/usr/bin:/bin"};
    spec.fds = {{pipe->write.get(), 1}};
    spec.die_with_parent = true;
    const auto child = sys::spawn(spec);
    pipe->write.reset();
    if (!child) return "";
    std::string said;
    std::array<char, 4096> buffer{};
    const Instant until = BootClock::now() + kAskMax;
    while (said.size() < 64 * 1024) {
        const Millis left = until - BootClock::now();
        pollfd waits{pipe->read.get(), POLLIN, 0};
        if (left.count() <= 0 || poll(&waits, 1, static_cast<int>(left.count())) <= 0) break;
        const ssize_t got = read(pipe->read.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        said.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return said;  // whoever still runs is killed with us
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
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr) return;
    notify_path() = path;
    unsetenv("NOTIFY_SOCKET");
}

bool restart_is_asked() {
    const std::string unit = own_unit();
    if (notify_path().empty() || unit.empty()) return false;
    // "123 lastgood.service restart running": what systemctl restart has queued.
    for (const std::string& line : split(jobs_of(unit), '\n')) {
        const auto words = split(line, ' ');
        const auto is_word = [&words](const std::string& word) {
            return std::find(words.begin(), words.end(), word) != words.end();
        };
        if (is_word(unit) && is_word("restart")) return true;
    }
    return false;
}

void tell_service_manager(std::string_view state) {
    send_to_service_manager(state, -1);
}

void keep_at_service_manager(const std::string& name, int fd) {
    send_to_service_manager("FDSTORE=1\nFDNAME=" + name, fd);
}

}  // namespace lastgood::daemon
