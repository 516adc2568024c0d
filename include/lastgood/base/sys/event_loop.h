// One thread's loop over descriptors, timers and deferred work (epoll).
//
// Everything is called on the thread that calls run(). Handles own their registration: when a Watch
// or Timer is destroyed, its callback is never called again, also when that happens inside another
// callback of the same round. Callbacks must not throw and must not block.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "lastgood/base/sys/fd.h"
#include "lastgood/base/time.h"

namespace lastgood::sys {

class EventLoop {
  public:
    using OnReady = std::function<void(std::uint32_t events)>;
    using Task = std::function<void()>;

    // Owns one registration; empty after a move. Must not outlive the loop.
    class Handle {
      public:
        Handle() = default;
        Handle(Handle&& other) noexcept;
        Handle& operator=(Handle&& other) noexcept;
        Handle(const Handle&) = delete;
        Handle& operator=(const Handle&) = delete;
        ~Handle() { reset(); }
        void reset();
        explicit operator bool() const { return loop_ != nullptr; }

      private:
        friend class EventLoop;
        Handle(EventLoop* loop, std::uint64_t id, bool timer)
            : loop_(loop), id_(id), timer_(timer) {}
        EventLoop* loop_ = nullptr;
        std::uint64_t id_ = 0;
        bool timer_ = false;
    };
    using Watch = Handle;
    using Timer = Handle;

    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // `events` as epoll takes them (EPOLLIN …), level triggered. The descriptor stays the caller's
    // and must stay open while the Watch lives.
    [[nodiscard]] Watch watch(int fd, std::uint32_t events, OnReady on_ready);
    void change(const Watch& watch, std::uint32_t events);

    // Calls once, `delay` from now or later. Timers of the same time are called in order of making.
    [[nodiscard]] Timer after(Millis delay, Task task);

    // Runs after the callbacks of this round, before the next wait.
    void defer(Task task);

    void run();
    // Waits at most `wait_max` for the first event, handles one round. For tests.
    void run_once(Millis wait_max);
    void stop() { stopping_ = true; }
    [[nodiscard]] bool stopping() const { return stopping_; }

    // How often the loop woke up since it was made.
    [[nodiscard]] std::uint64_t wakeups() const { return wakeups_; }

  private:
    struct Entry {
        int fd;
        std::uint32_t events;
        OnReady on_ready;
    };
    using TimerKey = std::pair<Instant, std::uint64_t>;

    void forget(std::uint64_t id, bool timer);
    void round(int wait_ms);
    void run_timers();
    void run_deferred();
    [[nodiscard]] int wait_ms() const;

    Fd epoll_;
    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, std::shared_ptr<Entry>> entries_;
    std::map<TimerKey, Task> timers_;
    std::unordered_map<std::uint64_t, Instant> timer_due_;
    std::vector<Task> deferred_;
    bool stopping_ = false;
    std::uint64_t wakeups_ = 0;
};

}  // namespace lastgood::sys
