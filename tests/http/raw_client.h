// Test support: a client that sends exactly the bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <string_view>

#include "lastgood/base/sys/fd.h"

namespace lastgood::http::test {

// Longer than anything here takes; only a failing test waits for it.
constexpr int kPatienceMs = 10'000;

struct Answer {
    int status = 0;  // 0: the connection ended without an answer
    std::string head;
    std::string body;
};

// A client that sends exactly the bytes it is told to.
class RawClient {
  public:
    // `from`: one of this machine's addresses.
    explicit RawClient(std::uint16_t port, const char* from = "127.0.0.1")
        : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        EXPECT_EQ(inet_pton(AF_INET, from, &address.sin_addr), 1);
        EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
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

    void close() { fd_.reset(); }

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

}  // namespace lastgood::http::test
