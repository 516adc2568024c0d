// Test support: a Front on a thread with a loop of its own, and a raw client.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/http/front.h"
#include "lastgood/http/listen.h"

namespace lastgood::http::test {

// Longer than anything here takes; only a failing test waits for it.
constexpr int kPatienceMs = 10'000;

class RunningFront {
  public:
    RunningFront(FrontLimits limits, Handler handler, unsigned workers = 0, sys::Fd socket = {})
        : stop_(eventfd(0, EFD_CLOEXEC)) {
        if (!socket) {
            auto listening = listen_tcp("127.0.0.1", 0);
            EXPECT_TRUE(listening.ok());
            socket = std::move(*listening);
        }
        port_ = local_port(socket.get());
        std::promise<void> ready;
        thread_ =
            std::thread([this, limits, handler, workers, &ready, fd = std::move(socket)]() mutable {
                sys::EventLoop loop;
                auto front = Front::open(loop, std::move(fd), limits, handler, workers);
                EXPECT_TRUE(front.ok());
                auto watch =
                    loop.watch(stop_.get(), EPOLLIN, [&loop](std::uint32_t) { loop.stop(); });
                loop_ = &loop;
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
    [[nodiscard]] std::uint64_t wakeups() const { return loop_->wakeups(); }

  private:
    sys::Fd stop_;
    std::uint16_t port_ = 0;
    sys::EventLoop* loop_ = nullptr;
    std::thread thread_;
};

struct Answer {
    int status = 0;  // 0: the connection ended without an answer
    std::string head;
    std::string body;
};

// A client that sends exactly the bytes it is told to.
class RawClient {
  public:
    explicit RawClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    explicit RawClient(const std::string& path)
        : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // Reads on until `text` was read, or the end.
    bool read_until(std::string_view text) {
        while (in_.find(text) == std::string::npos) {
            if (!read_some()) return false;
        }
        return true;
    }

    Answer answer() {
        Answer answer;
        if (!read_until("\r\n\r\n")) return answer;
        const std::size_t end = in_.find("\r\n\r\n") + 4;
        answer.head = in_.substr(0, end);
        in_.erase(0, end);
        answer.status = std::stoi(answer.head.substr(9, 3));
        std::size_t length = 0;
        const std::size_t at = answer.head.find("Content-Length: ");
        if (at != std::string::npos) length = std::stoul(answer.head.substr(at + 16));
        while (in_.size() < length && read_some()) {
        }
        answer.body = in_.substr(0, length);
        in_.erase(0, std::min(length, in_.size()));
        return answer;
    }
    Answer exchange(std::string_view bytes) {
        send(bytes);
        return answer();
    }

    // True when the other side ended the connection, with nothing more to read.
    bool ended() {
        while (read_some()) {
        }
        return ended_;
    }
    [[nodiscard]] const std::string& unread() const { return in_; }
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    bool read_some() {
        pollfd readable{fd_.get(), POLLIN, 0};
        if (poll(&readable, 1, kPatienceMs) <= 0) return false;
        char buffer[4096];
        const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, 0);
        ended_ = got <= 0;
        if (got > 0) in_.append(buffer, static_cast<std::size_t>(got));
        return got > 0;
    }

    sys::Fd fd_;
    std::string in_;
    bool ended_ = false;
};

inline std::string post(std::string_view path, std::string_view body,
                        std::string_view more_headers = "") {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(more_headers) + "\r\n" + std::string(body);
}

// Answers what it was asked.
inline Response echo(const Request& request) {
    Response response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.path + " " + request.body;
    return response;
}

}  // namespace lastgood::http::test
