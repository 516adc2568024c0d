#include "http/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace lastgood::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// What recv() said: bytes, nothing for now, or the end.
enum class Got { bytes, nothing, end };

Got receive(int fd, char* buffer, std::size_t size, std::size_t& count) {
    ssize_t got = 0;
    do {
        got = recv(fd, buffer, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        count = static_cast<std::size_t>(got);
        return Got::bytes;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Got::nothing;
    return Got::end;
}

}  // namespace

Connection::Connection(Keeper& keeper, sys::EventLoop& loop, const FrontLimits& limits,
                       std::uint64_t id, sys::Fd fd, std::string peer)
    : keeper_(keeper),
      loop_(loop),
      limits_(limits),
      id_(id),
      fd_(std::move(fd)),
      peer_(std::move(peer)) {
    watch_ = loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t events) { on_ready(events); });
    // A fresh connection must say something within the time of a header, not of a pause.
    enter(Phase::head);
}

void Connection::enter(Phase phase) {
    phase_ = phase;
    since_ = BootClock::now();
    const auto arm = [this](Millis time) { timer_ = loop_.after(time, [this] { on_timeout(); }); };
    switch (phase) {
        case Phase::idle:
            return arm(limits_.idle_time);
        case Phase::head:
            return arm(limits_.header_time);
        case Phase::body:
            return arm(limits_.body_time);
        case Phase::responding:
            return arm(limits_.response_time);
        case Phase::lingering:
            return arm(limits_.linger_time);
        case Phase::handling:
        case Phase::gone:
            return timer_.reset();
    }
}

void Connection::on_timeout() {
    if (phase_ == Phase::body) return finish(refuse({408, "the body took too long"}));
    if (phase_ == Phase::head && !in_.empty()) {
        return finish(refuse({408, "the header took too long"}));
    }
    if (phase_ == Phase::responding) {
        // A reset, else the kernel would hold what nobody reads for many minutes.
        const struct linger hard { 1, 0 };
        setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    close_now();
}

void Connection::on_ready(std::uint32_t events) {
    switch (phase_) {
        case Phase::idle:
        case Phase::head:
            return read_head();
        case Phase::body:
            return read_body();
        case Phase::handling:
            // Only an end is told here, and it would be told for ever.
            if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
                peer_gone_ = true;
                watch_.reset();
            }
            return;
        case Phase::responding:
            return flush();
        case Phase::lingering:
            return discard();
        case Phase::gone:
            return;
    }
}

void Connection::read_head() {
    std::array<char, 16 * 1024> buffer;  // NOLINT: filled by recv
    std::size_t count = 0;
    switch (receive(fd_.get(), buffer.data(), buffer.size(), count)) {
        case Got::nothing:
            return;
        case Got::end:
            return close_now();
        case Got::bytes:
            break;
    }
    if (phase_ == Phase::idle) enter(Phase::head);
    in_.append(buffer.data(), count);
    take_head();
}

std::size_t Connection::find_head_end() {
    // One empty line before a request is forgiven: some senders put it after a body.
    if (line_start_ == 0 && in_.starts_with("\r\n")) in_.erase(0, 2);
    while (scanned_ < in_.size()) {
        const std::size_t at = in_.find('\n', scanned_);
        if (at == std::string::npos) break;
        scanned_ = at + 1;
        if (at == 0 || in_[at - 1] != '\r') {
            finish(refuse({400, "lines must end with CRLF"}));
            return std::string::npos;
        }
        const bool empty = at - 1 == line_start_;
        line_start_ = scanned_;
        if (!empty) continue;
        if (scanned_ <= limits_.header_bytes) return scanned_;
        break;
    }
    scanned_ = std::max(scanned_, in_.size());
    if (in_.size() > limits_.header_bytes) {
        finish(refuse({431, "header too large"}));
        return std::string::npos;
    }
    return 0;
}

void Connection::take_head() {
    const std::size_t end = find_head_end();
    if (end == 0 || end == std::string::npos) return;
    auto parsed = parse_head(std::string_view(in_).substr(0, end), limits_);
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) return finish(refuse(*refusal));
    in_.erase(0, end);
    scanned_ = 0;
    line_start_ = 0;
    begin_body(std::move(std::get<Head>(parsed)));
}

void Connection::begin_body(Head head) {
    head_ = std::move(head);
    const auto here =
        static_cast<std::size_t>(std::min<std::uint64_t>(in_.size(), head_.content_length));
    if (!grow_body(std::string_view(in_).substr(0, here))) return;
    in_.erase(0, here);
    if (body_.size() == head_.content_length) return complete();
    enter(Phase::body);
    if (head_.expect_continue && body_.empty()) {
        const ssize_t sent = send(fd_.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(kContinue.size())) close_now();
    }
}

bool Connection::grow_body(std::string_view bytes) {
    const bool small = head_.content_length <= limits::kSmallBodyBytes;
    if (!keeper_.charge(bytes.size(), small)) {
        finish(refuse({503, "too many large requests at once"}));
        return false;
    }
    charged_ += bytes.size();
    body_.append(bytes);
    return true;
}

void Connection::read_body() {
    std::array<char, 64 * 1024> buffer;  // NOLINT: filled by recv
    const auto left = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer.size(), head_.content_length - body_.size()));
    std::size_t count = 0;
    switch (receive(fd_.get(), buffer.data(), left, count)) {
        case Got::nothing:
            return;
        case Got::end:
            return close_now();
        case Got::bytes:
            break;
    }
    if (!grow_body({buffer.data(), count})) return;
    if (body_.size() == head_.content_length) complete();
}

void Connection::complete() {
    enter(Phase::handling);
    loop_.change(watch_, 0);
    const bool close = head_.close || ++served_ >= limits::kRequestsPerConnectionMax;
    Gathered request{std::move(head_), std::move(body_), peer_, BootClock::now()};
    head_ = Head{};
    body_ = {};
    keeper_.on_request(*this, std::move(request), close);
}

void Connection::finish(Outcome outcome) {
    if (phase_ == Phase::gone) return;
    keeper_.release(std::exchange(charged_, 0));
    body_ = {};
    if (peer_gone_) return close_now();
    out_ = std::move(outcome.bytes);
    sent_ = 0;
    take_over_ = std::move(outcome.take_over);
    close_after_ = close_after_ || outcome.close;
    enter(Phase::responding);
    flush();
}

void Connection::flush() {
    while (sent_ < out_.size()) {
        const ssize_t sent =
            send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return loop_.change(watch_, EPOLLOUT);
        }
        if (sent < 0) return close_now();
        sent_ += static_cast<std::size_t>(sent);
    }
    out_ = {};
    after_response();
}

void Connection::after_response() {
    if (take_over_) return hand_over();
    if (close_after_) return linger();
    loop_.change(watch_, EPOLLIN);
    if (in_.empty()) return enter(Phase::idle);
    enter(Phase::head);
    // Deferred, so that a sender of many requests at once neither nests nor starves others.
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired() && phase_ == Phase::head) take_head();
    });
}

void Connection::hand_over() {
    watch_.reset();
    sys::Fd fd = std::move(fd_);
    const auto take_over = std::exchange(take_over_, nullptr);
    close_now();
    take_over(std::move(fd));
}

void Connection::linger() {
    if (shutdown(fd_.get(), SHUT_WR) < 0) return close_now();
    loop_.change(watch_, EPOLLIN);
    enter(Phase::lingering);
}

void Connection::discard() {
    std::array<char, 64 * 1024> buffer;  // NOLINT: filled by recv
    std::size_t count = 0;
    const Got got = receive(fd_.get(), buffer.data(), buffer.size(), count);
    if (got == Got::nothing) return;
    discarded_ += count;
    if (got == Got::end || discarded_ > limits::kLingerBytesMax) close_now();
}

void Connection::drain() {
    close_after_ = true;
    switch (phase_) {
        case Phase::idle:
            return close_now();
        case Phase::head:
            if (in_.empty()) return close_now();
            return finish(refuse({503, "shutting down"}));
        case Phase::body:
            return finish(refuse({503, "shutting down"}));
        case Phase::handling:
        case Phase::responding:
        case Phase::lingering:
        case Phase::gone:
            return;
    }
}

void Connection::close_now() {
    if (phase_ == Phase::gone) return;
    keeper_.release(std::exchange(charged_, 0));
    enter(Phase::gone);
    watch_.reset();
    fd_.reset();
    keeper_.on_gone(*this);
}

}  // namespace lastgood::http
