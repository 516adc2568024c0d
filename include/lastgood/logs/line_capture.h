// Reads one output pipe of a run: bytes to lines, lines to the log, the last ones kept.
//
// Never blocks, and reads a bounded amount per round of the loop, so that a flood of one app
// starves nobody. In a flood the pipe is left to fill for a moment: an app that writes into a pipe
// whose reader waits pays for waking it, line by line. A line without an end is written after one
// idle second, at the end of the pipe and at finish(), with its mark. On the loop's thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/logs/output_log.h"

namespace lastgood::logs {

// The last lines of a run's output, of both streams, printable: kTailLines and kTailBytes at most.
class Tail {
  public:
    void add(std::string_view line);
    [[nodiscard]] std::vector<std::string> lines() const;

  private:
    std::deque<std::string> lines_;
    std::size_t bytes_ = 0;
};

class LineCapture {
  public:
    // `pipe`: the reading end, made nonblocking here. Log and tail must outlive it.
    LineCapture(sys::EventLoop& loop, sys::Fd pipe, OutputLog& log, Tail& tail, Slot slot,
                Stream stream);
    LineCapture(const LineCapture&) = delete;
    LineCapture& operator=(const LineCapture&) = delete;

    // After the process ended: takes all that is in the pipe, as far as one pipe can hold.
    void drain();
    // drain(), then the last piece of a line; the pipe is let go, also when an orphan still holds
    // it.
    void finish();

  private:
    enum class Got { bytes, nothing, end };
    void watch();
    void take_turn();
    Got read_once(std::size_t& bytes);
    void take(std::string_view bytes);
    void line(std::string_view text, bool whole);
    void flush_partial();
    void watch_idle();
    void close();

    sys::EventLoop& loop_;
    sys::Fd pipe_;
    OutputLog& log_;
    Tail& tail_;
    Slot slot_;
    Stream stream_;
    std::string partial_;
    Instant last_read_{};
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer next_turn_;  // in a flood, instead of the watch
    sys::EventLoop::Timer idle_;
};

}  // namespace lastgood::logs
