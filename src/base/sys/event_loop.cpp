#include "lastgood/base/sys/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "lastgood/base/assert.h"

namespace lastgood::sys {

EventLoop::Handle::Handle(Handle&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)), id_(other.id_), timer_(other.timer_) {}

EventLoop::Handle& EventLoop::Handle::operator=(Handle&& other) noexcept {
    if (this != &other) {
        reset();
        loop_ = std::exchange(other.loop_, nullptr);
        id_ = other.id_;
        timer_ = other.timer_;
    }
    return *this;
}

void EventLoop::Handle::reset() {
    if (loop_ != nullptr) std::exchange(loop_, nullptr)->forget(id_, timer_);
}

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    LG_ASSERT(static_cast<bool>(epoll_));
}

EventLoop::~EventLoop() = default;

EventLoop::Watch EventLoop::watch(int fd, std::uint32_t events, OnReady on_ready) {
    const std::uint64_t id = next_id_++;
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    LG_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
    entries_.emplace(id, std::make_shared<Entry>(Entry{fd, events, std::move(on_ready)}));
    return Handle(this, id, false);
}

void EventLoop::change(const Watch& watch, std::uint32_t events) {
    const auto found = entries_.find(watch.id_);
    LG_ASSERT(watch.loop_ == this && found != entries_.end());
    if (found->second->events == events) return;
    found->second->events = events;
    epoll_event event{};
    event.events = events;
    event.data.u64 = watch.id_;
    LG_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, found->second->fd, &event) == 0);
}

EventLoop::Timer EventLoop::after(Millis delay, Task task) {
    const std::uint64_t id = next_id_++;
    const Instant due = BootClock::now() + std::max(delay, Millis(0));
    timers_.emplace(TimerKey{due, id}, std::move(task));
    timer_due_.emplace(id, due);
    return Handle(this, id, true);
}

void EventLoop::defer(Task task) {
    deferred_.push_back(std::move(task));
}

void EventLoop::forget(std::uint64_t id, bool timer) {
    if (timer) {
        const auto found = timer_due_.find(id);
        if (found == timer_due_.end()) return;
        timers_.erase(TimerKey{found->second, id});
        timer_due_.erase(found);
        return;
    }
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second->fd, nullptr);
    entries_.erase(found);
}

void EventLoop::run() {
    stopping_ = false;
    run_deferred();
    while (!stopping_) round(wait_ms());
}

void EventLoop::run_once(Millis wait_max) {
    run_deferred();
    const int wait = wait_ms();
    const int most = static_cast<int>(wait_max.count());
    round(wait < 0 ? most : std::min(wait, most));
}

int EventLoop::wait_ms() const {
    if (!deferred_.empty()) return 0;
    if (timers_.empty()) return -1;
    const auto left = (timers_.begin()->first.first - BootClock::now()).count();
    // A day at most: an int of milliseconds holds 24 of them.
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 86'400'000));
}

void EventLoop::round(int wait) {
    std::array<epoll_event, 64> ready{};
    const int count = epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), wait);
    LG_ASSERT(count >= 0 || errno == EINTR);
    ++wakeups_;
    for (int i = 0; i < count; ++i) {
        const auto& event = ready[static_cast<std::size_t>(i)];
        const std::uint64_t id = event.data.u64;  // a copy: the struct is packed
        const auto found = entries_.find(id);
        if (found == entries_.end()) continue;  // forgotten by a callback of this round
        const std::shared_ptr<Entry> entry = found->second;
        entry->on_ready(event.events);
    }
    run_timers();
    run_deferred();
}

void EventLoop::run_timers() {
    const Instant now = BootClock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        auto node = timers_.extract(timers_.begin());
        timer_due_.erase(node.key().second);
        node.mapped()();
    }
}

void EventLoop::run_deferred() {
    // What is deferred meanwhile runs in the next round, so that descriptors get their turn.
    for (Task& task : std::exchange(deferred_, {})) task();
}

}  // namespace lastgood::sys
