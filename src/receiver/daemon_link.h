// The receiver's line to the daemon: workers ask and wait, the loop's thread brings the replies.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "receiver/channel.h"

namespace lastgood::receiver {

class DaemonLink {
  public:
    explicit DaemonLink(sys::Fd channel) : channel_(std::move(channel)) {}

    // From any thread; waits until the deadline at most. Nothing: the daemon is away or too slow.
    std::optional<Answer> record(Incoming incoming, Instant deadline);
    std::optional<Answer> ask_health(Instant deadline);
    // From any thread; dropped when the daemon is away. Makes the text printable.
    void log(config::LogLevel level, const std::string& text);

    // On the loop's thread.
    void on_reply(Reply reply);
    void send_ready();
    // The daemon is gone: whoever waits, and whoever asks from now on, gets nothing at once.
    void close();
    [[nodiscard]] int fd() const { return channel_.get(); }

  private:
    struct Waiter {
        std::condition_variable changed;
        std::optional<Answer> answer;
    };
    std::optional<Answer> ask(std::uint64_t seq, const std::string& message, Instant deadline);
    std::uint64_t next_seq();

    sys::Fd channel_;
    std::mutex mutex_;
    std::uint64_t last_seq_ = 0;
    bool closed_ = false;
    std::unordered_map<std::uint64_t, Waiter*> waiting_;
};

}  // namespace lastgood::receiver
