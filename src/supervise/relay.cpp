#include "supervise/relay.h"

#include <sys/socket.h>

#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "supervise/relay_pair.h"

namespace lastgood::supervise {
namespace {

constexpr std::size_t kAcceptsPerRound = 64;
constexpr Millis kRetryAfter{100};  // when descriptors are short

}  // namespace

Relay::Relay(sys::EventLoop& loop, int listening, const sys::SocketAddress& to)
    : loop_(loop), listening_(listening), to_(to) {}

Relay::~Relay() {
    if (on_) (void)sys::set_nonblocking(listening_, false);
}

void Relay::set(bool on) {
    if (on == on_) return;
    on_ = on;
    // Off again: the program that gets the socket next expects a blocking one.
    (void)sys::set_nonblocking(listening_, on);
    update();
}

void Relay::take_waiting() {
    if (on_) accept_waiting(limits::kRelayConnectionsMax);
}

void Relay::update() {
    const bool wanted = on_ && pairs_.size() < limits::kRelayConnectionsMax;
    if (!wanted || retry_) {
        watch_.reset();
    } else if (!watch_) {
        watch_ = loop_.watch(listening_, EPOLLIN, [this](std::uint32_t) {
            accept_waiting(kAcceptsPerRound);
            update();
        });
    }
}

void Relay::accept_waiting(std::size_t count_max) {
    for (std::size_t i = 0; i < count_max && pairs_.size() < limits::kRelayConnectionsMax; ++i) {
        sys::Fd client(accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!client && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
            retry_ = loop_.after(kRetryAfter, [this] {
                retry_.reset();
                update();
            });
        }
        if (!client) return;
        sys::Fd server(socket(to_.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!server ||
            (connect(server.get(), &to_.any, sys::length(to_)) < 0 && errno != EINPROGRESS)) {
            continue;
        }
        const std::uint64_t id = next_id_++;
        pairs_[id] = std::make_unique<RelayPair>(loop_, std::move(client), std::move(server),
                                                 [this, id] { ended(id); });
    }
}

void Relay::ended(std::uint64_t id) {
    pairs_.erase(id);
    update();
}

}  // namespace lastgood::supervise
