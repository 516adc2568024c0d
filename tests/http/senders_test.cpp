// Who makes room when there are too many connections.
#include "http/senders.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>

#include "http/running_front.h"
#include "lastgood/base/limits.h"

namespace lastgood::http::test {
namespace {

using Phase = Connection::Phase;

double worth_of(Phase phase, std::uint64_t bytes, Millis elapsed) {
    const auto value = worth(phase, bytes, elapsed);
    EXPECT_TRUE(value);
    return value.value_or(std::numeric_limits<double>::max());
}

TEST(Worth, APauseGoesBeforeARequestAndTheLongerOneFirst) {
    EXPECT_LT(worth_of(Phase::idle, 0, Millis(1)), worth_of(Phase::head, 0, Millis(9000)));
    EXPECT_LT(worth_of(Phase::lingering, 0, Millis(20)), worth_of(Phase::idle, 0, Millis(10)));
}

TEST(Worth, WhatDripsGoesBeforeWhatFlowsHoweverOld) {
    const double dripping = worth_of(Phase::body, 3, Millis(3000));
    EXPECT_LT(dripping, worth_of(Phase::body, 300'000, Millis(30'000)));
    EXPECT_LT(worth_of(Phase::head, 200, Millis(3000)), worth_of(Phase::head, 200, Millis(40)));
}

TEST(Worth, OneThatJustCameIsHeardFirst) {
    const double fresh = worth_of(Phase::head, 0, Millis(0));
    EXPECT_GT(fresh, worth_of(Phase::head, 80, Millis(100)));
    EXPECT_GT(fresh, worth_of(Phase::body, 1, Millis(100)));
    // The round trips of TLS over a long way.
    EXPECT_GT(worth_of(Phase::head, 0, Millis(400)), worth_of(Phase::body, 2, Millis(2000)));
}

TEST(Worth, WhatIsBeingAnsweredStays) {
    EXPECT_FALSE(worth(Phase::handling, 0, Millis(60'000)));
    EXPECT_FALSE(worth(Phase::responding, 0, Millis(60'000)));
    EXPECT_FALSE(worth(Phase::gone, 0, Millis(60'000)));
}

TEST(Share, AProxyCountsAsManyButNotAsOne) {
    EXPECT_EQ(share(7, false), 7U);
    EXPECT_LT(share(500, true), share(60, false));
    EXPECT_GT(share(500, true), share(2, false));
    EXPECT_EQ(share(1, true), 1U);
}

TEST(SenderKey, IsAnAddressOrTheNetworkThatOneGetsWhole) {
    EXPECT_EQ(sender_key("203.0.113.9"), "203.0.113.9");
    EXPECT_NE(sender_key("203.0.113.9"), sender_key("203.0.113.10"));
    EXPECT_EQ(sender_key("2001:db8:1:2::9"), sender_key("2001:db8:1:2:ffff::1"));
    EXPECT_NE(sender_key("2001:db8:1:2::9"), sender_key("2001:db8:1:3::9"));
    EXPECT_EQ(sender_key("unix:1000:1000,27"), "unix:1000");
}

FrontLimits patient(std::size_t connections) {
    FrontLimits limits;
    limits.header_time = limits.body_time = limits.idle_time = Millis(kPatienceMs * 2);
    limits.connections = connections;
    return limits;
}

constexpr const char* kDripping = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\nx";

TEST(Senders, ACrowdOfOneAddressPushesOutItselfAlone) {
    RunningFront front(patient(8), echo);
    RawClient pausing(front.port());
    EXPECT_EQ(pausing.exchange(post("/", "x")).status, 200);
    RawClient sending(front.port());
    sending.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(sending.answer().status, 100);
    std::vector<std::unique_ptr<RawClient>> crowd;
    for (int i = 0; i < 40; ++i) {
        crowd.push_back(std::make_unique<RawClient>(front.port(), "127.0.0.2"));
        crowd.back()->send(i % 2 == 0 ? kDripping : "GET / HTTP/1.1\r\nX-Slow: ");
    }
    EXPECT_TRUE(crowd.front()->ended());
    EXPECT_EQ(pausing.exchange(post("/", "again")).body, "POST / again");
    EXPECT_EQ(sending.exchange("body").body, "POST / body");
}

TEST(Senders, WhoComesIsHeardAlthoughAllOthersAreFurther) {
    RunningFront front(patient(4), echo);
    std::vector<std::unique_ptr<RawClient>> crowd;
    for (int i = 0; i < 4; ++i) {
        crowd.push_back(std::make_unique<RawClient>(front.port()));
        crowd.back()->send(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
        EXPECT_EQ(crowd.back()->answer().status, 100);
    }
    // All that come at once are younger than those that drip.
    std::vector<std::unique_ptr<RawClient>> fresh;
    for (int i = 0; i < 3; ++i) fresh.push_back(std::make_unique<RawClient>(front.port()));
    for (auto& client : fresh) {
        EXPECT_EQ(client->exchange(post("/", "heard")).body, "POST / heard");
    }
}

TEST(Senders, ALoneConnectionOfASenderCanMakeRoomForItsNext) {
    RunningFront front(patient(1), echo);
    RawClient first(front.port());
    EXPECT_EQ(first.exchange(post("/", "x")).status, 200);
    RawClient second(front.port());
    EXPECT_EQ(second.exchange(post("/", "second")).body, "POST / second");
    EXPECT_TRUE(first.ended());
}

TEST(Listening, TheBacklogIsAsLongAsTheKernelAllows) {
    const auto listening = listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(listening.ok());
    int allowed = 0;
    std::ifstream("/proc/sys/net/core/somaxconn") >> allowed;
    tcp_info info{};
    socklen_t size = sizeof info;
    ASSERT_EQ(getsockopt(listening->get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    // Of a listening socket the kernel tells its backlog here.
    EXPECT_EQ(static_cast<int>(info.tcpi_sacked), std::min(allowed, limits::kListenBacklog));
}

}  // namespace
}  // namespace lastgood::http::test
