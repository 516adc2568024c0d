#include "lastgood/base/sys/message_channel.h"

#include <sys/socket.h>

#include <cerrno>

#include "lastgood/base/limits.h"

namespace lastgood::sys {

Expected<MessageChannel> make_message_channel() {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
        return system_error("could not make a channel to another process", errno);
    }
    MessageChannel pair{Fd(fds[0]), Fd(fds[1])};
    // A message must fit into the buffer whole; the kernel doubles this, for its own use.
    const int bytes = 2 * static_cast<int>(limits::kChannelMessageBytesMax);
    for (const int fd : fds) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return pair;
}

Sent send_message(int fd, std::string_view text) {
    if (text.size() > limits::kChannelMessageBytesMax) return Sent::gone;
    while (true) {
        if (send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return Sent::ok;
        if (errno == EINTR) continue;
        const bool full = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
        return full ? Sent::full : Sent::gone;
    }
}

MessageBuffer::MessageBuffer() : bytes_(limits::kChannelMessageBytesMax) {}

Received MessageBuffer::receive(int fd) {
    ssize_t got = 0;
    do {
        // With MSG_TRUNC the answer is the message's own length, also where it did not fit.
        got = recv(fd, bytes_.data(), bytes_.size(), MSG_DONTWAIT | MSG_TRUNC);
    } while (got < 0 && errno == EINTR);
    size_ = 0;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Received::nothing;
    if (got <= 0) return Received::closed;
    if (static_cast<std::size_t>(got) > bytes_.size()) return Received::too_large;
    size_ = static_cast<std::size_t>(got);
    return Received::message;
}

}  // namespace lastgood::sys
