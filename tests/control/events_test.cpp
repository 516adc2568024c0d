// Server-sent events over a real unix socket.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "control/event_hub.h"
#include "control/fake_target.h"
#include "lastgood/base/limits.h"
#include "lastgood/http/client.h"

namespace lastgood::control::test {
namespace {

using Json = nlohmann::json;

// Reads events on a thread until `wanted` have come.
class Subscriber {
  public:
    Subscriber(const std::string& socket, const std::string& path, std::size_t wanted)
        : thread_([this, socket, path, wanted] {
              const auto end = http::stream(socket, path, [this, wanted](std::string_view bytes) {
                  text_ += bytes;
                  take();
                  return events_.size() < wanted;
              });
              EXPECT_TRUE(end.ok());
              if (end) status_ = end->status;
          }) {}
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;
    ~Subscriber() {
        if (thread_.joinable()) thread_.join();
    }
    // Waits for the end of the stream.
    std::vector<Json> events() {
        thread_.join();
        return events_;
    }
    [[nodiscard]] int status() const { return status_; }

  private:
    void take() {
        for (std::size_t end = text_.find("\n\n"); end != std::string::npos;
             end = text_.find("\n\n")) {
            const std::string event = text_.substr(0, end);
            text_.erase(0, end + 2);
            if (event.starts_with(':')) continue;  // a comment, on a slow machine
            EXPECT_TRUE(event.starts_with("data: ")) << event;
            events_.push_back(
                Json::parse(event.substr(std::min(event.size(), std::size_t{6})), nullptr, false));
        }
    }

    std::string text_;
    std::vector<Json> events_;
    int status_ = 0;
    std::thread thread_;
};

class ControlEvents : public testing::Test {
  protected:
    TempFolder folder_;
    FakeTarget target_;
    std::unique_ptr<RunningServer> server_;

    void run() { server_ = std::make_unique<RunningServer>(folder_ / "control.sock", target_); }
};

TEST_F(ControlEvents, ReachEverySubscriber) {
    run();
    Subscriber subscriber(server_->path(), "/v1/events", 3);
    ASSERT_TRUE(server_->wait_for_subscriber());
    server_->publish(deployment_event(deployment_row(7, "building")));
    server_->publish(app_event(app_status()));
    server_->publish(quarantine_event(
        {.app = "backend", .commit = kCommit, .reason = "bad", .since = wall_now()}, false));
    const auto events = subscriber.events();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].at("type"), "deployment");
    EXPECT_EQ(events[0].at("app"), "backend");
    EXPECT_EQ(events[0].at("deployment").at("phase"), "building");
    EXPECT_EQ(events[1].at("status").at("pid"), 4711);
    EXPECT_EQ(events[2].at("quarantine").at("reason"), "bad");
    EXPECT_TRUE(server_->wait_for_no_subscriber());
}

TEST_F(ControlEvents, OfOneDeploymentBeginWithItsPresentRowAndLeaveOthersOut) {
    target_.rows = {deployment_row(7, "fetching")};
    run();
    Subscriber subscriber(server_->path(), "/v1/events?deployment=7", 2);
    ASSERT_TRUE(server_->wait_for_subscriber());
    server_->publish(deployment_event(deployment_row(8, "building")));
    server_->publish(app_event(app_status()));
    server_->publish(deployment_event(deployment_row(7, "starting")));
    const auto events = subscriber.events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].at("deployment").at("phase"), "fetching");
    EXPECT_EQ(events[1].at("deployment").at("id"), 7);
    EXPECT_EQ(events[1].at("deployment").at("phase"), "starting");
}

TEST_F(ControlEvents, EndWithTheServer) {
    run();
    Subscriber subscriber(server_->path(), "/v1/events", 1);
    ASSERT_TRUE(server_->wait_for_subscriber());
    server_.reset();
    EXPECT_TRUE(subscriber.events().empty());
}

sys::Fd connect_and_ask(const std::string& path) {
    sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_TRUE(sys::write_all(fd.get(), "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n").ok());
    return fd;
}

TEST_F(ControlEvents, DropASubscriberThatDoesNotReadAndKeepTheOthers) {
    run();
    const sys::Fd sleeper = connect_and_ask(server_->path());
    ASSERT_TRUE(server_->wait_for_subscriber());
    Event large = deployment_event(deployment_row(7, "building"));
    large.json = Json{{"type", "deployment"}, {"text", std::string(60'000, 'x')}}.dump();
    // More than the kernel and the server's bound hold together.
    for (int i = 0; i < 200; ++i) server_->publish(large);
    EXPECT_TRUE(server_->wait_for_no_subscriber());

    Subscriber reader(server_->path(), "/v1/events", 1);
    ASSERT_TRUE(server_->wait_for_subscriber());
    server_->publish(large);
    EXPECT_EQ(reader.events().size(), 1U);
}

TEST_F(ControlEvents, ComeInOrderToASlowReaderWithinTheBound) {
    run();
    const sys::Fd slow = connect_and_ask(server_->path());
    ASSERT_TRUE(server_->wait_for_subscriber());
    // Beyond what the kernel takes at once, within what the server holds.
    constexpr int kEvents = 6;
    for (int i = 0; i < kEvents; ++i) {
        server_->publish({"app", "backend", std::string(60'000, static_cast<char>('a' + i)), {}});
    }
    std::string text;
    std::string buffer(8192, '\0');
    while (text.find(std::string(60'000, 'a' + kEvents - 1) + "\n\n") == std::string::npos) {
        const ssize_t got = recv(slow.get(), buffer.data(), buffer.size(), 0);
        ASSERT_GT(got, 0);
        text.append(buffer, 0, static_cast<std::size_t>(got));
    }
    for (int i = 0; i + 1 < kEvents; ++i) {
        EXPECT_LT(text.find(std::string(60'000, static_cast<char>('a' + i))),
                  text.find(std::string(60'000, static_cast<char>('b' + i))));
    }
}

TEST_F(ControlEvents, AreRefusedBeyondTheBoundOfSubscribers) {
    run();
    std::vector<sys::Fd> subscribers;
    for (std::size_t i = 0; i < limits::kSubscribersMax; ++i) {
        subscribers.push_back(connect_and_ask(server_->path()));
        // Its answer tells that it is subscribed.
        char first = 0;
        ASSERT_EQ(recv(subscribers.back().get(), &first, 1, 0), 1);
    }
    Subscriber one_more(server_->path(), "/v1/events", 1);
    EXPECT_TRUE(one_more.events().empty());
    EXPECT_EQ(one_more.status(), 503);
}

TEST(EventHub, CommentsOnlyWhileSomebodyIsSubscribed) {
    sys::EventLoop loop;
    EventHub hub(loop, Millis(20));
    int ends[2] = {-1, -1};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    sys::Fd subscriber(ends[0]);
    hub.add(sys::Fd(ends[1]), {}, "");

    std::string heard;
    while (heard.size() < 6) {
        loop.run_once(Millis(1000));
        std::array<char, 64> buffer{};
        const ssize_t got = recv(subscriber.get(), buffer.data(), buffer.size(), 0);
        if (got > 0) heard.append(buffer.data(), static_cast<std::size_t>(got));
    }
    EXPECT_EQ(heard, ":\n\n:\n\n");

    subscriber.reset();
    while (!hub.empty()) loop.run_once(Millis(1000));
    // A timer that was left would end this wait early.
    const Instant before = BootClock::now();
    loop.run_once(Millis(100));
    EXPECT_GE(BootClock::now() - before, Millis(90));
}

}  // namespace
}  // namespace lastgood::control::test
