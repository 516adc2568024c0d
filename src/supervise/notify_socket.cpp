#include "supervise/notify_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/socket_address.h"

namespace lastgood::supervise {
namespace {

constexpr int kMessagesPerRound = 16;

// Takes the sender's pid; descriptors that came along are closed (systemd-notify sends one and
// waits for just that).
pid_t read_control(msghdr& message) {
    pid_t sender = 0;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET) continue;
        if (part->cmsg_type == SCM_CREDENTIALS) {
            ucred credentials{};
            std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
            sender = credentials.pid;
        } else if (part->cmsg_type == SCM_RIGHTS) {
            const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
                close(fd);
            }
        }
    }
    return sender;
}

}  // namespace

Expected<std::unique_ptr<NotifySocket>> NotifySocket::open(sys::EventLoop& loop,
                                                           const std::string& path) {
    const auto address = sys::unix_address(path);
    if (!address) return address.error();
    std::unique_ptr<NotifySocket> made(new NotifySocket(loop, path));
    made->socket_ = sys::Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    unlink(path.c_str());
    if (!made->socket_ ||
        setsockopt(made->socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
        bind(made->socket_.get(), &address->any, length(*address)) < 0) {
        return system_error("can't make the notify socket " + path, errno);
    }
    chmod(path.c_str(), 0666);  // the app may run as another user; who sends is checked
    return made;
}

NotifySocket::~NotifySocket() {
    unlink(path_.c_str());
}

void NotifySocket::listen(Belongs belongs, std::function<void()> ready) {
    belongs_ = std::move(belongs);
    ready_ = std::move(ready);
    watch_ = loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { readable(); });
}

bool NotifySocket::receive(std::string& text, pid_t& sender) {
    char buffer[4096];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(16 * sizeof(int))];
    iovec part{buffer, sizeof buffer};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return false;
    sender = read_control(message);
    text.assign(buffer, static_cast<std::size_t>(got));
    return true;
}

void NotifySocket::readable() {
    bool ready = false;
    std::string text;
    pid_t sender = 0;
    for (int i = 0; i < kMessagesPerRound && receive(text, sender); ++i) {
        if (!ready_ || ready) continue;  // nothing else interests us; it is only taken away
        for (const std::string& line : split(text, '\n')) {
            if (line == "READY=1") ready = sender > 0 && belongs_(sender);
        }
    }
    if (!ready) return;
    const auto tell = std::exchange(ready_, nullptr);  // it may destroy this object
    tell();
}

}  // namespace lastgood::supervise
