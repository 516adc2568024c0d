// The receiver's line to the daemon: what is asked and what is answered, without anybody waiting.
//
// Everything on the loop's thread, but log().
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "lastgood/base/sys/event_loop.h"
#include "receiver/channel.h"

namespace lastgood::receiver {

class DaemonLink {
  public:
    // Nothing: the daemon is away or too slow. Called once for each question, and never from inside
    // the call that asked.
    using OnAnswer = std::function<void(std::optional<Answer>)>;
    struct Callbacks {
        std::function<void(HookSettings)> on_settings;
        std::function<void()> on_gone;  // the daemon; once
    };

    DaemonLink(sys::EventLoop& loop, sys::Fd channel) : loop_(loop), channel_(std::move(channel)) {}
    void begin(Callbacks callbacks);

    void record(Incoming incoming, Instant deadline, OnAnswer on_answer);
    void ask_health(Instant deadline, OnAnswer on_answer);
    void ask_status(StatusQuestion question, Instant deadline, OnAnswer on_answer);
    void send_ready();
    // From any thread; dropped when the daemon is away or behind. Makes the text printable.
    void log(config::LogLevel level, const std::string& text);
    // Whoever waits, and whoever asks from now on, gets nothing.
    void close();

  private:
    struct Waiter {
        OnAnswer on_answer;
        sys::EventLoop::Timer deadline;
    };

    void ask(std::uint64_t seq, std::string message, Instant deadline, OnAnswer on_answer);
    void send_waiting();
    void receive();
    void answer(std::uint64_t seq, std::optional<Answer> answer);

    sys::EventLoop& loop_;
    sys::Fd channel_;
    Callbacks callbacks_;
    sys::EventLoop::Watch watch_;
    MessageBuffer buffer_;
    std::uint64_t last_seq_ = 0;
    bool closed_ = false;
    std::deque<std::string> unsent_;  // the channel is full
    std::unordered_map<std::uint64_t, Waiter> waiting_;
};

}  // namespace lastgood::receiver
