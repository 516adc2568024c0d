#include "lastgood/http/client.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "http/running_front.h"

namespace lastgood::http::test {
namespace {

class UnixSocket : public testing::Test {
  protected:
    UnixSocket() {
        std::string pattern = std::filesystem::temp_directory_path() / "lastgood-http-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~UnixSocket() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path() const { return folder_ + "/control.sock"; }
    [[nodiscard]] sys::Fd listening() const {
        auto fd = listen_unix(path(), 0660, "");
        EXPECT_TRUE(fd.ok());
        return fd.ok() ? std::move(*fd) : sys::Fd();
    }
    std::string folder_;
};

TEST_F(UnixSocket, CarriesRequestsAndSaysWhoAsks) {
    std::string peer;
    RunningFront front(
        {},
        [&peer](const Request& request) {
            peer = request.peer;
            Response response = echo(request);
            response.status = 409;
            return response;
        },
        1, listening());
    const auto response = request(path(), "POST", "/v1/apps/a/deploy", "{}", Millis(5000));
    ASSERT_TRUE(response.ok()) << response.error().text();
    EXPECT_EQ(response->status, 409);
    EXPECT_EQ(response->body, "POST /v1/apps/a/deploy {}");
    EXPECT_EQ(response->content_type, "text/plain");
    EXPECT_TRUE(
        peer.starts_with("unix:" + std::to_string(getuid()) + ":" + std::to_string(getgid())))
        << peer;
    const auto get = request(path(), "GET", "/x?n=1", "", Millis(5000));
    ASSERT_TRUE(get.ok());
    EXPECT_EQ(get->body, "GET /x ");
    const auto bare = request(path(), "POST", "/x", "", Millis(5000));
    ASSERT_TRUE(bare.ok());
    EXPECT_EQ(bare->status, 409) << "a POST without a body has a length of 0";
}

TEST_F(UnixSocket, TellsANobodyThereFromABrokenAnswer) {
    const auto missing = request(path(), "GET", "/", "", Millis(1000));
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().what.find("nobody answers"), std::string::npos);
    EXPECT_NE(missing.error().mend.find("start the daemon"), std::string::npos);

    const sys::Fd silent = listening();  // connects, but nobody accepts
    const auto response = request(path(), "GET", "/", "", Millis(100));
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->status, 0);
}

TEST_F(UnixSocket, StreamsUntilEitherSideEnds) {
    sys::Fd kept;
    RunningFront front(
        {},
        [&kept](const Request& request) {
            if (request.path != "/events")
                return Response{.status = 404,
                                .content_type = "text/plain",
                                .body = "no",
                                .headers = {},
                                .take_over = {}};
            Response response;
            response.content_type = "text/event-stream";
            response.take_over = [&kept](sys::Fd fd) {
                for (const std::string_view part : {"data: 1\n\n", "data: 2\n\n"}) {
                    send(fd.get(), part.data(), part.size(), MSG_NOSIGNAL);
                }
                kept = std::move(fd);
            };
            return response;
        },
        0, listening());
    std::string got;
    const auto ended = stream(path(), "/events", [&got](std::string_view chunk) {
        got += chunk;
        return got.size() < 18;
    });
    ASSERT_TRUE(ended.ok());
    EXPECT_EQ(ended->status, 200);
    EXPECT_EQ(got, "data: 1\n\ndata: 2\n\n");
    const auto other = stream(path(), "/nothing", [](std::string_view) {
        ADD_FAILURE() << "only an answer of 200 is streamed";
        return false;
    });
    ASSERT_TRUE(other.ok());
    EXPECT_EQ(other->status, 404);
    EXPECT_EQ(other->body, "no");
}

TEST_F(UnixSocket, ReplacesAStaleFileButNoLivingSocketAndNoOtherFile) {
    listening().reset();
    ASSERT_TRUE(std::filesystem::exists(path()));
    const sys::Fd living = listening();
    struct stat info {};
    ASSERT_EQ(stat(path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0660U);
    EXPECT_FALSE(listen_unix(path(), 0660, "").ok());
    EXPECT_EQ(request(path(), "GET", "/", "", Millis(50))->status, 0) << "the living one is left";

    const std::string file = folder_ + "/file";
    std::fclose(std::fopen(file.c_str(), "w"));
    EXPECT_FALSE(listen_unix(file, 0660, "").ok());
    EXPECT_TRUE(std::filesystem::exists(file));
    EXPECT_FALSE(listen_unix(folder_ + "/s", 0660, "no-such-group", true).ok());
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/s"));
    EXPECT_FALSE(listen_unix(folder_ + "/" + std::string(200, 'x'), 0660, "").ok());
}

TEST(ListenTcp, SaysWhoHoldsThePort) {
    auto first = listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(first.ok());
    const auto second = listen_tcp("127.0.0.1", local_port(first->get()));
    ASSERT_FALSE(second.ok());
    EXPECT_NE(second.error().what.find("(process " + std::to_string(getpid()) + ")"),
              std::string::npos)
        << second.error().text();
    EXPECT_FALSE(second.error().mend.empty());
}

TEST(ListenTcp, TakesBothFamiliesAndRefusesNames) {
    EXPECT_FALSE(listen_tcp("localhost", 0).ok());
    EXPECT_FALSE(listen_tcp("203.0.113.7", 0).ok()) << "no address of this machine";
    auto both = listen_tcp("::", 0);
    if (!both) GTEST_SKIP() << "no IPv6 here: " << both.error().text();
    RunningFront front(
        {},
        [](const Request& request) {
            Response response;
            response.body = request.peer;
            return response;
        },
        0, std::move(*both));
    RawClient client(front.port());
    EXPECT_EQ(client.exchange(post("/", "")).body, "127.0.0.1");
}

}  // namespace
}  // namespace lastgood::http::test
