// Slow, idle and too many senders.
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "http/running_front.h"

namespace lastgood::http::test {
namespace {

FrontLimits quick() {
    FrontLimits limits;
    limits.header_time = Millis(150);
    limits.body_time = Millis(150);
    limits.idle_time = Millis(150);
    limits.linger_time = Millis(50);
    return limits;
}

FrontLimits patient() {
    FrontLimits limits;
    limits.header_time = limits.body_time = limits.idle_time = Millis(kPatienceMs * 2);
    return limits;
}

// Sends a byte every few milliseconds until an answer is there.
Answer drip(RawClient& client) {
    while (true) {
        pollfd readable{client.fd(), POLLIN, 0};
        if (poll(&readable, 1, 5) > 0 || !client.send("x")) return client.answer();
    }
}

TEST(SlowSenders, DrippingAHeaderEndsWith408) {
    RunningFront front(quick(), echo);
    RawClient client(front.port());
    client.send("GET /");
    EXPECT_EQ(drip(client).status, 408);
    EXPECT_TRUE(client.ended());
}

TEST(SlowSenders, DrippingABodyEndsWith408) {
    RunningFront front(quick(), echo);
    RawClient client(front.port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
    EXPECT_EQ(drip(client).status, 408);
    EXPECT_TRUE(client.ended());
}

TEST(SlowSenders, SilenceIsClosedWithoutAWord) {
    RunningFront front(quick(), echo);
    RawClient fresh(front.port());
    RawClient kept(front.port());
    EXPECT_EQ(kept.exchange(post("/", "x")).status, 200);
    EXPECT_TRUE(fresh.ended());
    EXPECT_TRUE(kept.ended());
    EXPECT_EQ(fresh.unread() + kept.unread(), "");
}

TEST(SlowSenders, AReaderThatReadsNothingIsGivenUp) {
    FrontLimits limits;
    limits.response_time = Millis(150);
    RunningFront front(limits, [](const Request&) {
        Response response;
        response.body = std::string(64 << 20, 'x');
        return response;
    });
    RawClient client(front.port());
    client.send(post("/", "x"));
    // The end is seen without reading: a reset or a hang-up.
    pollfd hung_up{client.fd(), POLLRDHUP, 0};
    EXPECT_EQ(poll(&hung_up, 1, kPatienceMs), 1);
}

TEST(SlowSenders, HundredsOfThemDoNotDelayAGoodRequest) {
    RunningFront front(patient(), echo, 2);
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < 200; ++i) idle.push_back(std::make_unique<RawClient>(front.port()));
    std::vector<std::unique_ptr<RawClient>> dripping;
    for (int i = 0; i < 64; ++i) {
        dripping.push_back(std::make_unique<RawClient>(front.port()));
        dripping.back()->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx");
    }
    for (int round = 0; round < 20; ++round) {
        for (auto& client : dripping) client->send("x");
        const Instant begin = BootClock::now();
        RawClient good(front.port());
        EXPECT_EQ(good.exchange(post("/", "good")).body, "POST / good");
        EXPECT_LT(BootClock::now() - begin, Millis(2000));
    }
}

TEST(SlowSenders, TheLongestIdleMakesRoomAtTheBoundOfConnections) {
    FrontLimits limits = patient();
    limits.connections = 3;
    RunningFront front(limits, echo);
    RawClient body(front.port());
    body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(body.answer().status, 100);
    RawClient idle(front.port());
    EXPECT_EQ(idle.exchange(post("/", "x")).status, 200);
    RawClient other(front.port());
    EXPECT_EQ(other.exchange(post("/", "x")).status, 200);
    RawClient late(front.port());
    EXPECT_EQ(late.exchange(post("/", "late")).body, "POST / late");
    EXPECT_TRUE(idle.ended()) << "idle for longest";
    EXPECT_EQ(other.exchange(post("/", "x")).status, 200);
    EXPECT_EQ(body.exchange("body").body, "POST / body");
}

TEST(SlowSenders, NewOnesWaitWhenEveryConnectionIsBeingAnswered) {
    FrontLimits limits;
    limits.connections = 1;
    std::promise<void> begun;
    std::promise<void> release;
    RunningFront front(
        limits,
        [&](const Request& request) {
            if (request.path == "/hold") {
                begun.set_value();
                release.get_future().wait();
            }
            return echo(request);
        },
        1);
    RawClient busy(front.port());
    busy.send(post("/hold", "x"));
    begun.get_future().wait();
    RawClient late(front.port());
    late.send(post("/", "late"));
    release.set_value();
    EXPECT_EQ(busy.answer().status, 200);
    EXPECT_EQ(late.answer().body, "POST / late");
}

TEST(SlowSenders, LargeBodiesWaitForRoomAndSmallOnesPass) {
    FrontLimits limits = patient();
    limits.bodies_in_flight_bytes = 300'000;
    limits.linger_time = Millis(50);
    std::promise<void> begun;
    std::promise<void> release;
    RunningFront front(
        limits,
        [&](const Request& request) {
            if (request.path == "/hold") {
                begun.set_value();
                release.get_future().wait();
            }
            Response response;
            response.body = std::to_string(request.body.size());
            return response;
        },
        2);
    RawClient holder(front.port());
    holder.send(post("/hold", std::string(280'000, 'x')));
    begun.get_future().wait();
    RawClient second(front.port());
    second.send(post("/", std::string(100'000, 'y')));
    RawClient gone(front.port());
    gone.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 290000\r\n\r\n");
    gone.close();
    RawClient small(front.port());
    EXPECT_EQ(small.exchange(post("/", std::string(60'000, 'x'))).body, "60000");
    release.set_value();
    EXPECT_EQ(holder.answer().body, "280000");
    EXPECT_EQ(second.answer().body, "100000");
    RawClient third(front.port());
    EXPECT_EQ(third.exchange(post("/", std::string(280'000, 'y'))).body, "280000") << "freed again";
}

TEST(SlowSenders, RunningOutOfDescriptorsDoesNotSpinAndHeals) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizer beside it needs descriptors to look at an object's type";
#endif
    RunningFront front(patient(), echo);
    RawClient client(front.port());
    EXPECT_EQ(client.exchange(post("/", "x")).status, 200);
    std::vector<std::unique_ptr<RawClient>> waiting;
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    // The client's descriptor is the last one that fits; the accepted one does not.
    const int next = dup(client.fd());
    close(next);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;
    setrlimit(RLIMIT_NOFILE, &tight);
    waiting.push_back(std::make_unique<RawClient>(front.port()));
    const std::uint64_t wakeups = front.wakeups();
    std::this_thread::sleep_for(Millis(300));
    const std::uint64_t spent = front.wakeups() - wakeups;
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_LT(spent, 20U);
    EXPECT_EQ(waiting.back()->exchange(post("/", "x")).status, 200);
}

}  // namespace
}  // namespace lastgood::http::test
