#include "http/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace lastgood::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(Keeper& keeper, sys::EventLoop& loop, const FrontLimits& limits,
                       std::uint64_t id, sys::Fd fd, std::string peer, Sender& sender,
                       std::shared_ptr<const TlsContext> tls)
    : keeper_(keeper),
      loop_(loop),
      limits_(limits),
      id_(id),
      fd_(std::move(fd)),
      wire_(make_wire(fd_.get(), tls)),
      encrypted_(tls != nullptr),
      peer_(std::move(peer)),
      sender_(sender),
      client_(peer_) {
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
        case Phase::relaying:
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
            if (!waits_for_room_) return read_body();
            if ((events & (EPOLLHUP | EPOLLERR)) != 0) close_now();
            return;
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
        case Phase::relaying:  // its own watches
        case Phase::gone:
            return;
    }
}

bool Connection::receive(char* buffer, std::size_t size, std::size_t& count) {
    switch (wire_->read(buffer, size, count)) {
        case Got::nothing:
            loop_.change(watch_, wire_->awaits());
            return false;
        case Got::end:
            close_now();
            return false;
        case Got::bytes:
            break;
    }
    loop_.change(watch_, EPOLLIN);
    if (wire_->has_pending()) come_back();
    return true;
}

// Deferred, so that a sender of much at once neither nests nor starves others.
void Connection::come_back() {
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        if (phase_ == Phase::head && scanned_ < in_.size()) take_head();
        if (phase_ == Phase::gone || !wire_->has_pending()) return;
        if (phase_ == Phase::idle || phase_ == Phase::head) return read_head();
        if (phase_ == Phase::body && !waits_for_room_) return read_body();
    });
}

void Connection::read_head() {
    std::array<char, 16 * 1024> buffer;  // NOLINT: filled by the wire
    std::size_t count = 0;
    if (!receive(buffer.data(), buffer.size(), count)) return;
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
    Head& head = std::get<Head>(parsed);
    if (auto refusal = keeper_.admit(*this, head, client_)) return finish(refuse(*refusal));
    begin_body(std::move(head));
}

void Connection::begin_body(Head head) {
    head_ = std::move(head);
    // The bound of connections holds small bodies by itself; large ones never wait for them.
    if (head_.content_length <= limits::kSmallBodyBytes) return start_body();
    if (keeper_.reserve(*this, head_.content_length)) {
        reserved_ = head_.content_length;
        return start_body();
    }
    // The time for the body runs, and nothing is read meanwhile: the sender's own buffers wait.
    waits_for_room_ = true;
    enter(Phase::body);
    loop_.change(watch_, 0);
}

void Connection::granted() {
    waits_for_room_ = false;
    reserved_ = head_.content_length;
    loop_.change(watch_, EPOLLIN);
    start_body();
    if (phase_ == Phase::body && wire_->has_pending()) come_back();
}

void Connection::start_body() {
    const auto here =
        static_cast<std::size_t>(std::min<std::uint64_t>(in_.size(), head_.content_length));
    grow_body(std::string_view(in_).substr(0, here));
    in_.erase(0, here);
    if (body_.size() == head_.content_length) return complete();
    // When draining the shorter time that runs goes on.
    if (phase_ != Phase::body && !close_after_) enter(Phase::body);
    phase_ = Phase::body;
    if (head_.expect_continue && body_.empty()) {
        std::size_t sent = 0;
        const Got got = wire_->write(kContinue.data(), kContinue.size(), sent);
        if (got != Got::bytes || sent != kContinue.size()) close_now();
    }
}

// Never beyond what was reserved, and no memory before the bytes that fill it are there.
void Connection::grow_body(std::string_view bytes) {
    const std::size_t needed = body_.size() + bytes.size();
    if (needed > body_.capacity()) {
        body_.reserve(static_cast<std::size_t>(
            std::min<std::uint64_t>(head_.content_length, std::max(needed, 2 * body_.size()))));
    }
    body_.append(bytes);
}

void Connection::give_back() {
    waits_for_room_ = false;
    if (reserved_ > 0) keeper_.release(*this, std::exchange(reserved_, 0));
}

void Connection::read_body() {
    std::array<char, 64 * 1024> buffer;  // NOLINT: filled by the wire
    const auto left = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer.size(), head_.content_length - body_.size()));
    std::size_t count = 0;
    if (!receive(buffer.data(), left, count)) return;
    grow_body({buffer.data(), count});
    if (body_.size() == head_.content_length) complete();
}

void Connection::complete() {
    enter(Phase::handling);
    loop_.change(watch_, 0);
    const bool close = head_.close || ++served_ >= limits::kRequestsPerConnectionMax;
    Gathered request{std::move(head_), std::move(body_), peer_, client_, BootClock::now()};
    head_ = Head{};
    body_ = {};
    keeper_.on_request(*this, std::move(request), close);
}

void Connection::finish(Outcome outcome) {
    if (phase_ == Phase::gone) return;
    give_back();
    body_ = {};
    keeper_.on_answered(*this, outcome.status);
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
        std::size_t count = 0;
        switch (wire_->write(out_.data() + sent_, out_.size() - sent_, count)) {
            case Got::nothing:
                return loop_.change(watch_, wire_->awaits());
            case Got::end:
                return close_now();
            case Got::bytes:
                sent_ += count;
        }
    }
    out_ = {};
    after_response();
}

void Connection::after_response() {
    if (take_over_) return hand_over();
    if (close_after_) return linger();
    loop_.change(watch_, EPOLLIN);
    enter(in_.empty() ? Phase::idle : Phase::head);
    if (!in_.empty() || wire_->has_pending()) come_back();
}

void Connection::hand_over() {
    watch_.reset();
    if (encrypted_) return relay();
    sys::Fd fd = std::move(fd_);
    const auto take_over = std::exchange(take_over_, nullptr);
    close_now();
    take_over(std::move(fd));
}

void Connection::relay() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        return close_now();
    }
    sys::Fd near(ends[0]);
    sys::Fd far(ends[1]);
    enter(Phase::relaying);
    relay_ = std::make_unique<WireRelay>(loop_, fd_.get(), *wire_, std::move(near),
                                         [this] { close_now(); });
    std::exchange(take_over_, nullptr)(std::move(far));
}

void Connection::linger() {
    if (!wire_->end_writing()) return close_now();
    loop_.change(watch_, EPOLLIN);
    enter(Phase::lingering);
}

void Connection::discard() {
    // Past the wire: nobody wants to know what it says.
    std::array<char, 64 * 1024> buffer;  // NOLINT: filled by recv
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (got > 0) discarded_ += static_cast<std::size_t>(got);
    if (got <= 0 || discarded_ > limits::kLingerBytesMax) close_now();
}

void Connection::drain() {
    close_after_ = true;
    switch (phase_) {
        case Phase::idle:
        case Phase::relaying:
            return close_now();
        case Phase::head:
        case Phase::body:
            // Its request is on the way: a short time for it, and it is answered as ever.
            timer_ = loop_.after(limits::kDrainGatherMax, [this] {
                if (phase_ == Phase::head && in_.empty()) return close_now();
                finish(refuse({503, "shutting down"}));
            });
            return;
        case Phase::handling:
        case Phase::responding:
        case Phase::lingering:
        case Phase::gone:
            return;
    }
}

void Connection::close_now() {
    if (phase_ == Phase::gone) return;
    give_back();
    enter(Phase::gone);
    watch_.reset();
    relay_.reset();
    wire_.reset();
    fd_.reset();
    keeper_.on_gone(*this);
}

}  // namespace lastgood::http
