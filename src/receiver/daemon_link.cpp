#include "receiver/daemon_link.h"

#include <poll.h>

#include <algorithm>

#include "lastgood/base/strings.h"

namespace lastgood::receiver {
namespace {

Millis left_until(Instant deadline) {
    return std::max(deadline - BootClock::now(), Millis(0));
}

// Waits for room in the channel, until the deadline.
bool send_by(int fd, const std::string& message, Instant deadline) {
    while (true) {
        switch (send_message(fd, message)) {
            case Sent::ok:
                return true;
            case Sent::gone:
                return false;
            case Sent::full:
                break;
        }
        pollfd room{fd, POLLOUT, 0};
        if (poll(&room, 1, static_cast<int>(left_until(deadline).count())) == 0) return false;
    }
}

}  // namespace

std::uint64_t DaemonLink::next_seq() {
    const std::lock_guard lock(mutex_);
    return ++last_seq_;
}

std::optional<Answer> DaemonLink::record(Incoming incoming, Instant deadline) {
    const std::uint64_t seq = next_seq();
    return ask(seq, encode(ToDaemon(DeliveryAsk{seq, std::move(incoming)})), deadline);
}

std::optional<Answer> DaemonLink::ask_health(Instant deadline) {
    const std::uint64_t seq = next_seq();
    return ask(seq, encode(ToDaemon(HealthAsk{seq})), deadline);
}

std::optional<Answer> DaemonLink::ask(std::uint64_t seq, const std::string& message,
                                      Instant deadline) {
    Waiter waiter;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return std::nullopt;
        waiting_.emplace(seq, &waiter);
    }
    const bool sent = send_by(channel_.get(), message, deadline);
    std::unique_lock lock(mutex_);
    while (sent && !closed_ && !waiter.answer && BootClock::now() < deadline) {
        waiter.changed.wait_for(lock, left_until(deadline));
    }
    waiting_.erase(seq);
    return std::move(waiter.answer);
}

void DaemonLink::log(config::LogLevel level, const std::string& text) {
    send_message(channel_.get(), encode(ToDaemon(LogLine{level, printable(text)})));
}

void DaemonLink::send_ready() {
    send_message(channel_.get(), encode(ToDaemon(Ready{})));
}

void DaemonLink::on_reply(Reply reply) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(reply.seq);
    if (found == waiting_.end()) return;  // it was answered 503 meanwhile
    found->second->answer = std::move(reply.answer);
    found->second->changed.notify_one();
}

void DaemonLink::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [seq, waiter] : waiting_) waiter->changed.notify_one();
}

}  // namespace lastgood::receiver
