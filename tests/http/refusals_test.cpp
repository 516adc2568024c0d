// What the front refuses before a handler sees anything, told with raw bytes.
#include "http/running_front.h"

namespace lastgood::http::test {
namespace {

Response must_not_be_called(const Request& request) {
    ADD_FAILURE() << "the handler got " << request.method << " " << request.path;
    return {};
}

class Refusals : public testing::Test {
  protected:
    int status_of(const std::string& bytes) {
        RawClient client(front_.port());
        const Answer answer = client.exchange(bytes);
        EXPECT_TRUE(client.ended()) << "a refusal ends the connection";
        EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
        return answer.status;
    }
    static FrontLimits limits() {
        FrontLimits limits;
        limits.body_bytes = 1000;
        limits.header_bytes = 4096;
        limits.header_count = 20;
        limits.linger_time = Millis(50);
        return limits;
    }
    RunningFront front_{limits(), must_not_be_called};
};

TEST_F(Refusals, APostWithoutALength) {
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: h\r\n\r\n"), 411);
    EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nHost: h\r\n\r\n"), 411);
}

TEST(Front, TakesAPostWithoutALengthForOneWithoutABodyWhereNoneIsNeeded) {
    FrontLimits limits;
    limits.length_needed = false;
    const RunningFront front(limits, [](const Request& request) {
        EXPECT_EQ(request.body, "");
        return Response{};
    });
    RawClient client(front.port());
    EXPECT_EQ(client.exchange("POST / HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
    // What follows is the next request, and never the body of that one.
    EXPECT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
}

TEST_F(Refusals, ChunkedBodiesWithAndWithoutALength) {
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "5\r\nhello\r\n0\r\n\r\n"),
              411);
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                        "Content-Length: 5\r\n\r\nhello"),
              400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"), 411);
}

TEST_F(Refusals, CompressedBodies) {
    EXPECT_EQ(status_of(post("/", "xx", "Content-Encoding: gzip\r\n")), 415);
}

TEST_F(Refusals, TooLargeABodyByItsHeaderAlone) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
    EXPECT_EQ(status_of(head + "1001\r\n\r\n"), 413);
    EXPECT_EQ(status_of(head + "107374182400\r\n\r\n"), 413);
    EXPECT_EQ(status_of(head + "99999999999999999999999999\r\n\r\n"), 413);
    EXPECT_EQ(status_of(head + "1001\r\nExpect: 100-continue\r\n\r\n"), 413);
}

TEST_F(Refusals, ALengthThatIsNoPlainNumber) {
    for (const char* length : {"-1", "+5", "0x10", "5 5", "5,5", "", "5;"}) {
        EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::string(length) +
                            "\r\n\r\nhello"),
                  400)
            << length;
    }
}

TEST_F(Refusals, RepeatedHeadersThatMatter) {
    for (const char* line : {"Content-Length: 2\r\n", "Host: other\r\n", "HOST: h\r\n",
                             "X-Hub-Signature-256: a\r\nX-Hub-Signature-256: b\r\n",
                             "X-Gitlab-Token: a\r\nx-gitlab-token: a\r\n",
                             "webhook-signature: a\r\nwebhook-signature: b\r\n",
                             "Authorization: a\r\nAuthorization: b\r\n"}) {
        EXPECT_EQ(status_of(post("/", "xx", line)), 400) << line;
    }
}

TEST_F(Refusals, ControlBytesAndBareLineFeeds) {
    using std::string_literals::operator""s;
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: a\x01"s + "b\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: h\n\n"), 400);
    EXPECT_EQ(status_of("GET /%00 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET /%0d%0a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 400);
}

TEST_F(Refusals, MalformedLines) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nnothing\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET /\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("\x16\x03\x01\x02\r\n\r\n"), 400);
}

TEST_F(Refusals, OtherVersionsAndMethods) {
    EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/0.9\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"), 405);
    EXPECT_EQ(status_of("PRI / HTTP/1.1\r\nHost: h\r\n\r\n"), 405);
}

TEST_F(Refusals, ARequestWithoutHost) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
}

TEST_F(Refusals, ABodyWhereNoneBelongs) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx"), 400);
}

TEST_F(Refusals, AnUnknownExpectation) {
    EXPECT_EQ(status_of(post("/", "xx", "Expect: miracles\r\n")), 417);
}

TEST_F(Refusals, HeadersThatAreTooLongOrTooMany) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x') + "\r\n\r\n"),
              431);
    // Without an end in sight it must not wait for one.
    EXPECT_EQ(status_of("GET /" + std::string(5000, 'x')), 431);
    std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 21; ++i) many += "X-" + std::to_string(i) + ": x\r\n";
    EXPECT_EQ(status_of(many + "\r\n"), 431);
}

}  // namespace
}  // namespace lastgood::http::test
