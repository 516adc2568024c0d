#include "receiver/daemon_link.h"

#include <algorithm>

#include "lastgood/base/strings.h"

namespace lastgood::receiver {

void DaemonLink::begin(Callbacks callbacks) {
    callbacks_ = std::move(callbacks);
    watch_ = loop_.watch(channel_.get(), EPOLLIN, [this](std::uint32_t events) {
        if ((events & EPOLLOUT) != 0) send_waiting();
        if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive();
    });
}

void DaemonLink::record(Incoming incoming, Instant deadline, OnAnswer on_answer) {
    const std::uint64_t seq = ++last_seq_;
    ask(seq, encode(ToDaemon(DeliveryAsk{seq, std::move(incoming)})), deadline,
        std::move(on_answer));
}

void DaemonLink::ask_health(Instant deadline, OnAnswer on_answer) {
    const std::uint64_t seq = ++last_seq_;
    ask(seq, encode(ToDaemon(HealthAsk{seq})), deadline, std::move(on_answer));
}

void DaemonLink::ask_status(StatusQuestion question, Instant deadline, OnAnswer on_answer) {
    const std::uint64_t seq = ++last_seq_;
    ask(seq, encode(ToDaemon(StatusAsk{seq, std::move(question)})), deadline, std::move(on_answer));
}

void DaemonLink::ask(std::uint64_t seq, std::string message, Instant deadline, OnAnswer on_answer) {
    const Millis left = closed_ ? Millis(0) : std::max(deadline - BootClock::now(), Millis(0));
    // With nobody there it is answered by the timer, from the loop.
    waiting_.emplace(
        seq, Waiter{std::move(on_answer), loop_.after(left, [this, seq] { answer(seq, {}); })});
    if (closed_) return;
    unsent_.push_back(std::move(message));
    if (unsent_.size() == 1) send_waiting();
}

void DaemonLink::send_waiting() {
    while (!unsent_.empty()) {
        const Sent sent = send_message(channel_.get(), unsent_.front());
        if (sent == Sent::full) break;
        // Gone: the end of the channel is read soon, and ends all that wait.
        unsent_.pop_front();
    }
    if (watch_) loop_.change(watch_, unsent_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void DaemonLink::receive() {
    while (true) {
        switch (buffer_.receive(channel_.get())) {
            case Received::nothing:
                return;
            case Received::closed:
            case Received::too_large:
                close();
                return callbacks_.on_gone();
            case Received::message:
                break;
        }
        auto message = decode_to_receiver(buffer_.text());
        if (!message) {
            log(config::LogLevel::error, message.error().what);
        } else if (auto* replies = std::get_if<Replies>(&*message)) {
            for (auto& reply : replies->list) answer(reply.seq, std::move(reply.answer));
        } else {
            callbacks_.on_settings(std::move(std::get<HookSettings>(*message)));
        }
    }
}

void DaemonLink::answer(std::uint64_t seq, std::optional<Answer> answer) {
    auto waiter = waiting_.extract(seq);
    if (waiter.empty()) return;  // it was answered 503 meanwhile
    waiter.mapped().on_answer(std::move(answer));
}

void DaemonLink::log(config::LogLevel level, const std::string& text) {
    send_message(channel_.get(), encode(ToDaemon(LogLine{level, printable(text)})));
}

void DaemonLink::send_ready() {
    send_message(channel_.get(), encode(ToDaemon(Ready{})));
}

void DaemonLink::close() {
    closed_ = true;
    watch_.reset();
    unsent_.clear();
    for (auto& [seq, waiter] : waiting_) {
        waiter.deadline = loop_.after(Millis(0), [this, id = seq] { answer(id, {}); });
    }
}

}  // namespace lastgood::receiver
