#include "http/trailers.h"

#include <gtest/gtest.h>

#include "lastgood/base/limits.h"

namespace lastgood::http::test {
namespace {

// In pieces of this size.
std::string stripped(const std::string& text, std::size_t piece = 1 << 20) {
    Trailers trailers;
    std::string kept;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        std::string bytes = text.substr(at, piece);
        bytes.resize(trailers.strip(bytes.data(), bytes.size()));
        kept += bytes;
    }
    EXPECT_FALSE(trailers.too_large());
    return kept;
}

constexpr const char* kHead = "HTTP/1.1 404 Not Found\r\ntransfer-encoding: Chunked\r\n\r\n";

TEST(Trailers, AreTakenOutOfAChunkedAnswer) {
    const std::string body = "5\r\n0\r\n\r\n\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n";
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 1000UL}) {
        EXPECT_EQ(
            stripped(kHead + body + "Grpc-Trailer-Content-Type: application/grpc\r\nB: c\r\n\r\n",
                     piece),
            kHead + body + "\r\n");
        EXPECT_EQ(stripped(kHead + body + "\r\n", piece), kHead + body + "\r\n");
    }
}

TEST(Trailers, OfAnAnswerThatIsNotChunkedThereAreNone) {
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0\r\nA: b\r\n\r\n";
    EXPECT_EQ(stripped(text, 2), text);
    EXPECT_EQ(stripped("no answer at all"), "no answer at all");
}

TEST(Trailers, HaveABound) {
    Trailers trailers;
    std::string text = std::string(kHead) + "0\r\n";
    text += std::string(limits::kRemoteHeadBytesMax + 1, 'x');
    trailers.strip(text.data(), text.size());
    EXPECT_TRUE(trailers.too_large());
}

}  // namespace
}  // namespace lastgood::http::test
