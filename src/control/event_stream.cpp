#include "control/event_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lastgood/base/limits.h"

namespace lastgood::control {
namespace {

// Subscribers have nothing to say: what they send is thrown away. False: they hung up.
bool still_there(int fd) {
    std::array<char, 4096> thrown_away;  // NOLINT: filled by recv
    const ssize_t got = recv(fd, thrown_away.data(), thrown_away.size(), 0);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

EventStream::EventStream(sys::EventLoop& loop, sys::Fd connection, std::function<void()> on_gone,
                         std::function<void()> on_sent)
    : loop_(loop),
      fd_(std::move(connection)),
      on_gone_(std::move(on_gone)),
      on_sent_(std::move(on_sent)) {
    watch_ = loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t events) { on_ready(events); });
}

std::string EventStream::frame(std::string json) {
    // A newline would end the event; in JSON it can only stand between tokens.
    std::replace(json.begin(), json.end(), '\n', ' ');
    return "data: " + json + "\n\n";
}

bool EventStream::send(std::string_view bytes) {
    if (unsent_.size() + bytes.size() > limits::kSubscriberBytesMax) return false;
    unsent_ += bytes;
    return flush();
}

bool EventStream::flush() {
    std::size_t sent = 0;
    while (sent < unsent_.size()) {
        const ssize_t count = ::send(fd_.get(), unsent_.data() + sent, unsent_.size() - sent,
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
        if (count < 0) break;
        sent += static_cast<std::size_t>(count);
    }
    unsent_.erase(0, sent);
    const bool waits = !unsent_.empty();
    if (waits != waits_to_write_) {
        waits_to_write_ = waits;
        loop_.change(watch_, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    return true;
}

void EventStream::on_ready(std::uint32_t events) {
    // Copies: what is called may destroy this.
    const bool gone = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !still_there(fd_.get());
    if (gone || ((events & EPOLLOUT) != 0 && !flush())) {
        const auto on_gone = on_gone_;
        return on_gone();
    }
    if ((events & EPOLLOUT) == 0 || has_unsent() || !on_sent_) return;
    const auto on_sent = on_sent_;
    on_sent();
}

}  // namespace lastgood::control
