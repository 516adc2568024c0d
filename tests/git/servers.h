// Real servers for the tests: git daemon, apache2 with git-http-backend, sshd, and a relay that
// stops.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/free_port.h"
#include "temp_folder.h"

namespace lastgood::git {

inline sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// A listening socket on a free port of 127.0.0.1.
class Listener {
  public:
    Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(fd_.get(), raw, size), 0);
        EXPECT_EQ(listen(fd_.get(), 16), 0);
        EXPECT_EQ(getsockname(fd_.get(), raw, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    // Waits for somebody to connect.
    [[nodiscard]] sys::Fd accept_one() const {
        pollfd ready{fd_.get(), POLLIN, 0};
        EXPECT_EQ(poll(&ready, 1, 20'000), 1);
        return sys::Fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

  private:
    sys::Fd fd_;
    int port_ = 0;
};

using lastgood::test::free_port;

inline sys::Fd connect_to(int port) {
    sys::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fd.reset();
    }
    return fd;
}

// A server's process group, from "it listens" to the end of the object.
class Server {
  public:
    // `log` gets what it prints.
    Server(std::vector<std::string> argv, int port, const std::string& log) {
        const sys::Fd out(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
        sys::SpawnSpec spec;
        spec.argv = std::move(argv);
        spec.env = test_environment();
        spec.fds = {{out.get(), 1}, {out.get(), 2}};
        spec.die_with_parent = true;
        auto child = sys::spawn(spec);
        if (!child) {
            ADD_FAILURE() << child.error().text();
            return;
        }
        pid_ = child->pid;
        for (int i = 0; i < 500 && !connect_to(port); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        EXPECT_TRUE(static_cast<bool>(connect_to(port))) << read_text(log);
    }
    ~Server() {
        if (pid_ <= 0) return;
        kill(-pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

  private:
    pid_t pid_ = 0;
};

// Forwards one connection to `port`, stops after `bytes` of the server's answer and says no more.
class StoppingRelay {
  public:
    StoppingRelay(int port, std::size_t bytes)
        : thread_([this, port, bytes] { run(port, bytes); }) {}
    ~StoppingRelay() {
        ended_ = true;
        thread_.join();
    }
    [[nodiscard]] int port() const { return listener_.port(); }
    [[nodiscard]] std::size_t forwarded() const { return forwarded_; }

  private:
    void run(int port, std::size_t bytes) {
        sys::Fd client;
        sys::Fd server;
        while (!ended_) {
            pollfd watched[] = {{client ? -1 : listener_.fd(), POLLIN, 0},
                                {client.get(), POLLIN, 0},
                                {forwarded_ < bytes ? server.get() : -1, POLLIN, 0}};
            poll(watched, 3, 50);
            if ((watched[0].revents & POLLIN) != 0) {
                client = listener_.accept_one();
                server = connect_to(port);
            }
            if ((watched[1].revents & (POLLIN | POLLHUP)) != 0) pass(client, server, SIZE_MAX);
            if ((watched[2].revents & (POLLIN | POLLHUP)) != 0) {
                forwarded_ += pass(server, client, bytes - forwarded_);
            }
        }
    }
    static std::size_t pass(sys::Fd& from, sys::Fd& to, std::size_t most) {
        char chunk[4096];
        const ssize_t got = recv(from.get(), chunk, std::min(sizeof chunk, most), 0);
        if (got <= 0) {
            from.reset();
            return 0;
        }
        (void)send(to.get(), chunk, static_cast<std::size_t>(got), MSG_NOSIGNAL);
        return static_cast<std::size_t>(got);
    }

    Listener listener_;
    std::atomic<bool> ended_{false};
    std::atomic<std::size_t> forwarded_{0};
    std::thread thread_;
};

inline bool installed(const std::string& program) {
    for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/lib/git-core/"}) {
        if (access((folder + program).c_str(), X_OK) == 0) return true;
    }
    return false;
}

}  // namespace lastgood::git
