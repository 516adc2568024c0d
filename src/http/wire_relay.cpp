#include "http/wire_relay.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace lastgood::http {

WireRelay::WireRelay(sys::EventLoop& loop, int fd, Wire& wire, sys::Fd inner,
                     std::function<void()> on_end)
    : loop_(loop), wire_(wire), inner_(std::move(inner)), on_end_(std::move(on_end)) {
    outer_watch_ = loop_.watch(fd, EPOLLIN, [this](std::uint32_t events) { on_outer(events); });
    inner_watch_ = loop_.watch(inner_.get(), EPOLLIN, [this](std::uint32_t) { on_inner(); });
}

// A copy: what is called may destroy this.
void WireRelay::end() {
    const auto on_end = on_end_;
    on_end();
}

void WireRelay::on_inner() {
    std::array<char, 16 * 1024> buffer;  // NOLINT: filled by recv
    const ssize_t got = recv(inner_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        wire_.end_writing();
        return end();
    }
    out_.assign(buffer.data(), static_cast<std::size_t>(got));
    sent_ = 0;
    // Nothing more is read from it until that is out: whoever took the connection feels its pace.
    inner_watch_.reset();
    flush();
}

void WireRelay::flush() {
    while (sent_ < out_.size()) {
        std::size_t count = 0;
        switch (wire_.write(out_.data() + sent_, out_.size() - sent_, count)) {
            case Got::nothing:
                return loop_.change(outer_watch_, wire_.awaits());
            case Got::end:
                return end();
            case Got::bytes:
                sent_ += count;
        }
    }
    out_.clear();
    sent_ = 0;
    loop_.change(outer_watch_, EPOLLIN);
    inner_watch_ = loop_.watch(inner_.get(), EPOLLIN, [this](std::uint32_t) { on_inner(); });
}

void WireRelay::on_outer(std::uint32_t events) {
    if (!out_.empty() && (events & (EPOLLHUP | EPOLLERR)) == 0) return flush();
    std::array<char, 4096> thrown_away;  // NOLINT: filled by the wire
    do {
        std::size_t count = 0;
        const Got got = wire_.read(thrown_away.data(), thrown_away.size(), count);
        if (got == Got::end) return end();
        if (got == Got::nothing) return;
    } while (wire_.has_pending());
}

}  // namespace lastgood::http
