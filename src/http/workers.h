// A few threads that do what may block, and bring the result back to the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/event_loop.h"

namespace lastgood::http {

class Workers {
  public:
    using Completion = std::function<void()>;  // runs on the loop's thread
    using Work = std::function<Completion()>;  // runs on a worker

    Workers(sys::EventLoop& loop, unsigned count);
    // Work that has begun is waited for; what waits still is dropped, and so are completions.
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    void submit(Work work);

  private:
    void run();
    void take_completions();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Work> waiting_;
    std::vector<Completion> done_;
    bool stopping_ = false;
    sys::Fd event_fd_;
    sys::EventLoop::Watch watch_;
    std::vector<std::thread> threads_;
};

}  // namespace lastgood::http
