// Test support: a Front on a thread with a loop of its own.
#pragma once

#include <sys/eventfd.h>

#include <functional>
#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "http/raw_client.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/http/front.h"
#include "lastgood/http/listen.h"

namespace lastgood::http::test {

class RunningFront {
  public:
    RunningFront(
        FrontLimits limits, Handler handler, unsigned workers = 0, sys::Fd socket = {},
        std::function<void(Front&)> configure = [](Front&) {})
        : stop_(eventfd(0, EFD_CLOEXEC)), ask_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!socket) {
            auto listening = listen_tcp("127.0.0.1", 0);
            EXPECT_TRUE(listening.ok());
            socket = std::move(*listening);
        }
        port_ = local_port(socket.get());
        std::promise<void> ready;
        thread_ = std::thread([this, limits, handler, workers, configure, &ready,
                               fd = std::move(socket)]() mutable {
            sys::EventLoop loop;
            auto front = Front::open(loop, std::move(fd), limits, handler, workers);
            EXPECT_TRUE(front.ok());
            configure(**front);
            auto watch = loop.watch(stop_.get(), EPOLLIN, [&loop](std::uint32_t) { loop.stop(); });
            auto asked = loop.watch(ask_.get(), EPOLLIN, [this, &loop](std::uint32_t) {
                eventfd_t ignored = 0;
                eventfd_read(ask_.get(), &ignored);
                // Taken first: the other thread may have the answer, and make the next promise,
                // while this one is still inside set_value().
                auto promise = std::move(wakeups_);
                promise.set_value(loop.wakeups());
            });
            ready.set_value();
            loop.run();
            front->reset();
        });
        ready.get_future().wait();
    }
    ~RunningFront() {
        eventfd_write(stop_.get(), 1);
        thread_.join();
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    // Of the loop so far; asking wakes it once.
    std::uint64_t wakeups() {
        wakeups_ = std::promise<std::uint64_t>();
        auto answer = wakeups_.get_future();
        eventfd_write(ask_.get(), 1);
        return answer.get();
    }

  private:
    sys::Fd stop_;
    sys::Fd ask_;
    std::uint16_t port_ = 0;
    std::promise<std::uint64_t> wakeups_;
    std::thread thread_;
};

// Answers what it was asked.
inline Response echo(const Request& request) {
    Response response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.path + " " + request.body;
    return response;
}

}  // namespace lastgood::http::test
