// What the front lets through, and how it treats connections.
#include "lastgood/http/front.h"

#include <atomic>
#include <filesystem>
#include <latch>

#include "http/running_front.h"

namespace lastgood::http::test {
namespace {

using namespace std::string_literals;

TEST(Front, HandsOverARequestAsItWasSent) {
    Request seen;
    RunningFront front({}, [&seen](const Request& request) {
        seen = request;
        return echo(request);
    });
    RawClient client(front.port());
    const Answer answer = client.exchange(post("/a%20b?x=1%262&y=%41", "raw\0%41"s + "\r\nbytes",
                                               "X-Sig: a%41+b\r\nRANGE: bytes=0-1\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.path, "/a b");
    EXPECT_EQ(seen.query, "x=1%262&y=%41");
    EXPECT_EQ(seen.param("x"), "1&2");
    EXPECT_EQ(seen.param("y"), "A");
    EXPECT_EQ(seen.header("x-sig"), "a%41+b") << "values are not decoded";
    EXPECT_EQ(seen.header("range"), "");
    EXPECT_EQ(seen.body, "raw\0%41"s + "\r\nbytes");
    EXPECT_EQ(seen.peer, "127.0.0.1");
}

TEST(Front, KeepsConnectionsAliveAndAnswersInOrder) {
    RunningFront front({}, echo, 2);
    RawClient client(front.port());
    EXPECT_EQ(client.exchange(post("/1", "one")).body, "POST /1 one");
    EXPECT_EQ(client.exchange("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n").body, "GET /2 ");
    // Three at once, and an empty line between, which some senders put there.
    client.send(post("/3", "x") + "\r\n" + post("/4", "y") + post("/5", "z"));
    EXPECT_EQ(client.answer().body, "POST /3 x");
    EXPECT_EQ(client.answer().body, "POST /4 y");
    EXPECT_EQ(client.answer().body, "POST /5 z");
}

TEST(Front, ClosesWhenAskedToAndAfterHttp10) {
    RunningFront front({}, echo);
    RawClient asked(front.port());
    const Answer answer = asked.exchange(post("/", "", "Connection: close\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
    EXPECT_TRUE(asked.ended());
    RawClient old(front.port());
    EXPECT_EQ(old.exchange("GET / HTTP/1.0\r\n\r\n").status, 200);
    EXPECT_TRUE(old.ended());
}

TEST(Front, TakesARequestInSinglePieces) {
    RunningFront front({}, echo);
    RawClient client(front.port());
    for (const char c : post("/slow", "body")) client.send({&c, 1});
    EXPECT_EQ(client.answer().body, "POST /slow body");
}

TEST(Front, AnswersExpectContinueBeforeTheBody) {
    RunningFront front({}, echo);
    RawClient client(front.port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.answer().head, "HTTP/1.1 100 Continue\r\n\r\n");
    const Answer answer = client.exchange("xx");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST / xx");
}

TEST(Front, AnswersASenderThatClosedItsHalf) {
    RunningFront front({}, echo, 1);
    RawClient client(front.port());
    client.send(post("/", "x"));
    shutdown(client.fd(), SHUT_WR);
    EXPECT_EQ(client.answer().body, "POST / x");
}

TEST(Front, SendsHeadersAloneForHead) {
    RunningFront front({}, echo);
    RawClient client(front.port());
    client.send("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(client.read_until("\r\n\r\n"));
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(client.unread().ends_with("\r\n\r\n"));
    EXPECT_NE(client.unread().find("Content-Length: 8\r\n"), std::string::npos);
}

TEST(Front, SendsHeadersAloneForHeadAlsoWhereTheAnswerComesLater) {
    RunningFront front({}, [](const Request& request) {
        Response response;
        response.later = [answer = echo(request)](const auto& finish) { finish(answer); };
        return response;
    });
    RawClient client(front.port());
    client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(client.read_until("GET /y"));
    EXPECT_EQ(client.unread().find("HEAD /x"), std::string::npos);
    EXPECT_NE(client.unread().find("Content-Length: 8\r\n"), std::string::npos);
}

TEST(Front, SendsLargeAnswersWhole) {
    const std::string large(5 << 20, 'x');
    RunningFront front(
        {},
        [&large](const Request&) {
            Response response;
            response.body = large;
            return response;
        },
        1);
    RawClient client(front.port());
    EXPECT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n").body,
              large);
}

TEST(Front, TakesLargeBodies) {
    RunningFront front(
        {},
        [](const Request& request) {
            Response response;
            response.body = std::to_string(request.body.size());
            return response;
        },
        1);
    RawClient client(front.port());
    EXPECT_EQ(client.exchange(post("/", std::string(20 << 20, 'x'))).body, "20971520");
}

TEST(Front, AnswersHandlersThatThrowWith500AndWithoutTheirText) {
    RunningFront front({}, [](const Request&) -> Response { throw std::runtime_error("secret"); });
    RawClient client(front.port());
    const Answer answer = client.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ((answer.head + answer.body).find("secret"), std::string::npos);
}

TEST(Front, RunsAsManyHandlersAtOnceAsItHasWorkers) {
    std::latch all(4);  // nobody passes until four are here
    RunningFront front(
        {},
        [&all](const Request& request) {
            all.arrive_and_wait();
            return echo(request);
        },
        4);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(std::make_unique<RawClient>(front.port()));
        clients.back()->send(post("/", "x"));
    }
    for (auto& client : clients) EXPECT_EQ(client->answer().status, 200);
}

TEST(Front, AnswersRequestsThatWaitedTooLongForAWorkerWith503) {
    FrontLimits limits;
    limits.queue_time = Millis(20);
    std::promise<void> begun;
    std::promise<void> release;
    RunningFront front(
        limits,
        [&](const Request& request) {
            if (request.path == "/first") {
                begun.set_value();
                release.get_future().wait();
            }
            return echo(request);
        },
        1);
    RawClient first(front.port());
    first.send(post("/first", "x"));
    begun.get_future().wait();
    RawClient second(front.port());
    second.send(post("/second", "x"));
    // Time that passes is the matter of this test.
    std::this_thread::sleep_for(Millis(60));
    release.set_value();
    EXPECT_EQ(first.answer().status, 200);
    EXPECT_EQ(second.answer().status, 503);
}

TEST(Front, LivesOnWhenTheSenderIsGoneBeforeTheAnswer) {
    std::promise<void> begun;
    std::promise<void> release;
    std::atomic<bool> first = true;
    RunningFront front(
        {},
        [&](const Request& request) {
            if (first.exchange(false)) {
                begun.set_value();
                release.get_future().wait();
            }
            return echo(request);
        },
        1);
    {
        RawClient gone(front.port());
        gone.send(post("/", "x"));
        begun.get_future().wait();
        const linger hard{1, 0};
        setsockopt(gone.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    release.set_value();
    RawClient client(front.port());
    EXPECT_EQ(client.exchange(post("/", "x")).status, 200);
}

TEST(Front, HandsAConnectionOverAfterTheHeaders) {
    RunningFront front(
        {},
        [](const Request&) {
            Response response;
            response.content_type = "text/event-stream";
            response.headers.emplace_back("Cache-Control", "no-store");
            response.take_over = [](const sys::Fd& fd) {
                const std::string_view event = "data: hello\n\n";
                EXPECT_EQ(send(fd.get(), event.data(), event.size(), MSG_NOSIGNAL),
                          static_cast<ssize_t>(event.size()));
            };
            return response;
        },
        1);
    RawClient client(front.port());
    client.send("GET /v1/events HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(client.read_until("data: hello\n\n"));
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(client.unread(),
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n"
              "Cache-Control: no-store\r\n\r\ndata: hello\n\n");
}

TEST(Front, SleepsWhenNobodyIsConnected) {
    RunningFront front({}, echo, 2);
    {
        RawClient client(front.port());
        client.exchange(post("/", "x", "Connection: close\r\n"));
        EXPECT_TRUE(client.ended());
    }
    std::this_thread::sleep_for(Millis(50));  // its own end of the connection
    const std::uint64_t before = front.wakeups();
    std::this_thread::sleep_for(Millis(300));
    EXPECT_EQ(front.wakeups(), before + 1) << "the question itself";
}

TEST(Front, DrainsWhatItHoldsAndTellsWhenItIsEmpty) {
    sys::EventLoop loop;
    auto listening = listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(listening.ok());
    const std::uint16_t port = local_port(listening->get());
    std::promise<void> begun;
    std::promise<void> release;
    FrontLimits limits;
    limits.linger_time = Millis(50);
    auto front = Front::open(
        loop, std::move(*listening), limits,
        [&](const Request& request) {
            begun.set_value();
            release.get_future().wait();
            return echo(request);
        },
        1);
    ASSERT_TRUE(front.ok());
    RawClient idle(port);
    RawClient half(port);
    RawClient handled(port);
    half.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
    handled.send(post("/", "x"));
    auto begun_future = begun.get_future();
    while (begun_future.wait_for(Millis(0)) != std::future_status::ready ||
           (*front)->connections() < 3) {
        loop.run_once(Millis(10));
    }
    bool empty = false;
    (*front)->drain([&] { empty = true; });
    EXPECT_FALSE(empty);
    release.set_value();
    std::thread clients([&] {
        EXPECT_TRUE(idle.ended());
        EXPECT_EQ(half.answer().status, 503);
        EXPECT_EQ(handled.answer().status, 200);
    });
    while (!empty) loop.run_once(Millis(10));
    clients.join();
}

}  // namespace
}  // namespace lastgood::http::test
