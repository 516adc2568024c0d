// One connection on which server-sent events go out. Bounded: who doesn't read fast enough is gone.
// On the loop's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::control {

class EventStream {
  public:
    // `on_gone`: the other side hung up, or was too slow; never from inside send(). `on_sent`: all
    // that was given to send() is on its way. Both may destroy the stream.
    EventStream(sys::EventLoop& loop, sys::Fd connection, std::function<void()> on_gone,
                std::function<void()> on_sent = {});
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;

    // False: it is gone or too slow, and must be dropped.
    bool send(std::string_view bytes);
    [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }

    static constexpr std::string_view kComment = ":\n\n";
    // One event.
    static std::string frame(std::string json);

  private:
    bool flush();
    void on_ready(std::uint32_t events);

    sys::EventLoop& loop_;
    sys::Fd fd_;
    const std::function<void()> on_gone_;
    const std::function<void()> on_sent_;
    std::string unsent_;
    bool waits_to_write_ = false;
    sys::EventLoop::Watch watch_;
};

}  // namespace lastgood::control
