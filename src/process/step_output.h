// The output of steps: read from pipes, appended to a file, the last lines kept.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::process {

class StepOutput {
  public:
    // `wrote` is called whenever something came; may be empty.
    StepOutput(sys::EventLoop& loop, std::function<void()> wrote)
        : loop_(loop), wrote_(std::move(wrote)) {}

    // Without a path only the tail is kept.
    Expected<void> open(const std::string& path);
    // A new pipe in place of the last one; the write end is for the step.
    Expected<sys::Fd> new_pipe();
    // Takes what is in the pipe now.
    void drain();
    void close();

    [[nodiscard]] std::vector<std::string> tail() const;
    // That isn't blank, as a terminal would show it: what a carriage return takes back is left out.
    [[nodiscard]] std::string last_line() const;

  private:
    bool read_some();
    void keep(std::string_view bytes);

    sys::EventLoop& loop_;
    std::function<void()> wrote_;
    sys::Fd file_;
    sys::Fd pipe_;
    sys::EventLoop::Watch watch_;
    std::string end_;  // the last bytes
    std::uint64_t written_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace lastgood::process
