// What the front asks its doorkeeper, and what it does by the answers.
#include "lastgood/http/doorkeeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "http/running_front.h"

namespace lastgood::http::test {
namespace {

// Lets in who says so in a header; counts.
class Porter final : public Doorkeeper {
  public:
    bool speaks_for_many(const std::string&) override { return many; }
    std::string client_of(const std::string& peer, const Headers& headers) override {
        const auto found = std::find_if(headers.begin(), headers.end(),
                                        [](const auto& header) { return header.first == "x-me"; });
        return found == headers.end() ? peer : found->second;
    }
    std::optional<Refusal> admit(const std::string& client, std::string_view path) override {
        if (client == "stranger" && path != "/open") return Refusal{403, "not from here"};
        return std::nullopt;
    }
    void answered(const std::string& client, int status) override {
        const std::lock_guard lock(mutex);
        seen.emplace_back(client, status);
    }

    bool many = true;
    std::mutex mutex;
    std::vector<std::pair<std::string, int>> seen;
};

class DoorkeeperTest : public testing::Test {
  protected:
    RunningFront& front(FrontLimits limits = {}) {
        running_ = std::make_unique<RunningFront>(
            limits,
            [](const Request& request) {
                Response response;
                response.body = request.client;
                return response;
            },
            0, sys::Fd(), [this](Front& front) { front.set_doorkeeper(&porter); });
        return *running_;
    }

    Porter porter;

  private:
    std::unique_ptr<RunningFront> running_;
};

TEST_F(DoorkeeperTest, TheHandlerIsToldWhomItNames) {
    RawClient client(front().port());
    EXPECT_EQ(client.exchange(post("/", "x", "X-Me: ann\r\n")).body, "ann");
    EXPECT_EQ(client.exchange(post("/", "x")).body, "127.0.0.1");
}

TEST_F(DoorkeeperTest, WhoIsTurnedAwayNeedNotSendABody) {
    RawClient client(front().port());
    const auto refused = client.exchange(
        "POST / HTTP/1.1\r\nHost: h\r\nX-Me: stranger\r\nContent-Length: 1000000\r\n\r\n");
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.body, R"({"error":"not from here"})");
    RawClient other(front().port());
    EXPECT_EQ(other.exchange(post("/open?x=1", "x", "X-Me: stranger\r\n")).status, 200)
        << "the path is without its query";
}

TEST_F(DoorkeeperTest, HearsWhatBecameOfEachRequestAlsoOfTheRefused) {
    RunningFront& running = front();
    RawClient client(running.port());
    client.exchange(post("/", "x", "X-Me: ann\r\n"));
    RawClient other(running.port());
    other.exchange("POST / HTTP/1.1\r\nHost: h\r\n\r\n");
    RawClient third(running.port());
    third.exchange(post("/", "x", "X-Me: stranger\r\n"));
    const std::lock_guard lock(porter.mutex);
    const std::vector<std::pair<std::string, int>> expected = {
        {"ann", 200}, {"127.0.0.1", 411}, {"stranger", 403}};
    EXPECT_EQ(porter.seen, expected);
}

TEST_F(DoorkeeperTest, APeerHasSoManyConnectionsAndItsOwnSlowestMakesRoom) {
    FrontLimits limits;
    limits.connections_per_peer = 2;
    porter.many = false;
    RunningFront& running = front(limits);
    RawClient first(running.port());
    EXPECT_EQ(first.exchange(post("/", "x")).status, 200);
    RawClient second(running.port());
    EXPECT_EQ(second.exchange(post("/", "x")).status, 200);
    RawClient third(running.port());
    EXPECT_EQ(third.exchange(post("/", "x")).status, 200);
    EXPECT_TRUE(first.ended());
    EXPECT_EQ(second.exchange(post("/", "x")).status, 200);
}

TEST_F(DoorkeeperTest, WhoSpeaksForManyMayHaveMore) {
    FrontLimits limits;
    limits.connections_per_peer = 1;
    RunningFront& running = front(limits);
    RawClient first(running.port());
    EXPECT_EQ(first.exchange(post("/", "x")).status, 200);
    RawClient second(running.port());
    EXPECT_EQ(second.exchange(post("/", "x")).status, 200);
    EXPECT_EQ(first.exchange(post("/", "x")).status, 200);
}

}  // namespace
}  // namespace lastgood::http::test
