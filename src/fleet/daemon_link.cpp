#include "fleet/daemon_link.h"

#include "lastgood/base/strings.h"

namespace lastgood::fleet {

DaemonLink::DaemonLink(sys::EventLoop& loop, sys::Fd channel)
    : loop_(loop), channel_(std::move(channel)) {}

void DaemonLink::begin(OnMessage on_message, std::function<void()> on_gone) {
    on_message_ = std::move(on_message);
    on_gone_ = std::move(on_gone);
    watch_ = loop_.watch(channel_.get(), EPOLLIN, [this](std::uint32_t events) {
        if ((events & EPOLLOUT) != 0) send_waiting();
        if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive();
    });
    send_waiting();
}

void DaemonLink::receive() {
    while (true) {
        const sys::Received received = buffer_.receive(channel_.get());
        if (received == sys::Received::nothing) return;
        auto message = received == sys::Received::message ? decode_to_agent(buffer_.text())
                                                          : Expected<ToAgent>(Error{});
        if (!message) {
            watch_.reset();
            return on_gone_();
        }
        on_message_(*std::move(message));
    }
}

void DaemonLink::send(const FromAgent& message) {
    unsent_.push_back(encode(message));
    if (unsent_.size() == 1) send_waiting();
}

void DaemonLink::send_waiting() {
    while (!unsent_.empty()) {
        if (sys::send_message(channel_.get(), unsent_.front()) == sys::Sent::full) break;
        unsent_.pop_front();
    }
    if (watch_) loop_.change(watch_, unsent_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void DaemonLink::log(config::LogLevel level, const std::string& app, const std::string& text) {
    send(AgentLog{level, app, printable(text)});
}

}  // namespace lastgood::fleet
