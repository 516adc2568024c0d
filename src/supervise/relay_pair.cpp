#include "supervise/relay_pair.h"

#include <sys/socket.h>

#include <cerrno>

#include "lastgood/base/limits.h"

namespace lastgood::supervise {
namespace {

bool try_again() {
    return errno == EAGAIN || errno == EINTR;
}

}  // namespace

RelayPair::RelayPair(sys::EventLoop& loop, sys::Fd client, sys::Fd server,
                     std::function<void()> ended)
    : loop_(loop), ended_(std::move(ended)) {
    client_.fd = std::move(client);
    server_.fd = std::move(server);
    update(client_, server_);
    update(server_, client_);
}

void RelayPair::pump() {
    if (!connected_) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(server_.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        sockaddr peer{};
        size = sizeof peer;
        connected_ = error == 0 && getpeername(server_.fd.get(), &peer, &size) == 0;
        if (!connected_ && error == 0) return;  // the other end woke us
        if (error != 0) return std::exchange(ended_, nullptr)();
    }
    const bool fine = move(client_, server_) && move(server_, client_);
    if (!fine || (client_.shut && server_.shut)) {
        const auto ended = std::move(ended_);
        return ended();
    }
    update(client_, server_);
    update(server_, client_);
}

bool RelayPair::move(End& from, End& to) {
    // Two fast ends must not hold the loop; what is left over comes in its next round.
    constexpr int kRoundsMax = 16;
    for (int round = 0; round < kRoundsMax; ++round) {
        while (!to.unsent.empty()) {
            const ssize_t sent =
                send(to.fd.get(), to.unsent.data(), to.unsent.size(), MSG_NOSIGNAL);
            if (sent < 0) return try_again();
            to.unsent.erase(0, static_cast<std::size_t>(sent));
        }
        if (from.read_done) break;
        char buffer[limits::kRelayBufferBytes];
        const ssize_t got = recv(from.fd.get(), buffer, sizeof buffer, 0);
        if (got < 0) return try_again();
        if (got == 0) from.read_done = true;
        to.unsent.append(buffer, static_cast<std::size_t>(got));
    }
    if (from.read_done && to.unsent.empty() && !to.shut) {
        shutdown(to.fd.get(), SHUT_WR);
        to.shut = true;
    }
    return true;
}

void RelayPair::update(End& end, const End& peer) {
    std::uint32_t events = 0;
    if (!end.read_done && peer.unsent.empty() && connected_) events |= EPOLLIN;
    if (!end.unsent.empty() || (&end == &server_ && !connected_)) events |= EPOLLOUT;
    if (events == end.events) return;
    end.events = events;
    // With nothing to wait for it isn't watched at all: a hang-up would be told without end.
    if (events == 0) {
        end.watch.reset();
    } else if (end.watch) {
        loop_.change(end.watch, events);
    } else {
        end.watch = loop_.watch(end.fd.get(), events, [this](std::uint32_t) { pump(); });
    }
}

}  // namespace lastgood::supervise
