// A connection that stays open: used again, opened anew, given up.
#include <sys/eventfd.h>

#include <set>
#include <thread>

#include "http/running_front.h"
#include "lastgood/http/remote_client.h"

namespace lastgood::http::test {
namespace {

using namespace std::chrono_literals;

RemoteOptions quick() {
    RemoteOptions options;
    options.silence = 5s;
    options.whole_time = 5s;
    return options;
}

RemoteRequest post(std::uint16_t port, const std::string& body) {
    return {"POST", *parse_url("http://127.0.0.1:" + std::to_string(port) + "/x"), {}, body};
}

std::string body_of(const RemoteResult& result) {
    const auto* answer = std::get_if<RemoteAnswer>(&result);
    return answer == nullptr ? "failed: " + std::get<RemoteFailure>(result).error.what
                             : answer->body;
}

// Answers a request on each connection, and ends it then without a word.
class HangsUp {
  public:
    HangsUp() {
        auto listening = listen_tcp("127.0.0.1", 0);
        fd_ = std::move(*listening);
        thread_ = std::thread([this] {
            while (connections < 2) {
                pollfd polled{fd_.get(), POLLIN, 0};
                if (poll(&polled, 1, kPatienceMs) != 1) return;
                const sys::Fd peer(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
                ++connections;
                char buffer[4096];
                std::string got;
                while (got.find("\r\n\r\n") == std::string::npos) {
                    const ssize_t size = recv(peer.get(), buffer, sizeof buffer, 0);
                    if (size <= 0) break;
                    got.append(buffer, static_cast<std::size_t>(size));
                }
                const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
            }
        });
    }
    ~HangsUp() { thread_.join(); }
    [[nodiscard]] std::uint16_t port() const { return local_port(fd_.get()); }
    std::atomic<int> connections = 0;

  private:
    sys::Fd fd_;
    std::thread thread_;
};

TEST(RemoteSession, SendsManyRequestsOnOneConnection) {
    RunningFront front({}, [](const Request& request) { return echo(request); });
    RemoteSession session(quick());
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(body_of(session.send(post(front.port(), std::to_string(i)))),
                  "POST /x " + std::to_string(i));
    }
    session.close();
    EXPECT_EQ(body_of(session.send(post(front.port(), "again"))), "POST /x again");
}

TEST(RemoteSession, OpensAnewWhatTheOtherSideHasEnded) {
    HangsUp server;
    RemoteSession session(quick());
    EXPECT_EQ(body_of(session.send(post(server.port(), ""))), "ok");
    // Its end may not be here yet: then the request fails as sent, and the next one is well.
    auto second = session.send(post(server.port(), ""));
    if (const auto* failed = std::get_if<RemoteFailure>(&second)) {
        EXPECT_TRUE(failed->sent);
        second = session.send(post(server.port(), ""));
    }
    EXPECT_EQ(body_of(second), "ok");
    EXPECT_EQ(server.connections, 2);
}

TEST(RemoteSession, SaysWhetherTheRequestWentOut) {
    RemoteOptions options = quick();
    options.whole_time = 200ms;
    auto silent = listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(silent.ok());
    const std::uint16_t port = local_port(silent->get());
    RemoteSession session(options);
    const auto waited = session.send(post(port, "x"));
    ASSERT_TRUE(std::holds_alternative<RemoteFailure>(waited));
    EXPECT_TRUE(std::get<RemoteFailure>(waited).sent);
    silent->reset();
    session.close();
    const auto refused = session.send(post(port, "x"));
    ASSERT_TRUE(std::holds_alternative<RemoteFailure>(refused));
    EXPECT_FALSE(std::get<RemoteFailure>(refused).sent);
}

TEST(RemoteSession, EndsWhenAnotherThreadWantsTheEnd) {
    auto silent = listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(silent.ok());
    const sys::Fd wake(eventfd(0, EFD_CLOEXEC));
    RemoteOptions options = quick();
    options.whole_time = 60s;
    options.silence = 60s;
    options.cancel_fd = wake.get();
    RemoteSession session(options);
    std::thread waker([&wake] { eventfd_write(wake.get(), 1); });
    const auto result = session.send(post(local_port(silent->get()), "x"));
    waker.join();
    EXPECT_TRUE(std::holds_alternative<RemoteFailure>(result));
}

}  // namespace
}  // namespace lastgood::http::test
