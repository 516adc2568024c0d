// An answer without end from the daemon, read beside whatever else its reader has to do. By hand,
// for cpp-httplib gives nobody else a turn while it waits.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "http/unix_connection.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/http/client.h"

namespace lastgood::http {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// 0: that is no answer.
int status_of(std::string_view head) {
    constexpr std::string_view kBefore = "HTTP/1.1 ";
    int status = 0;
    if (head.size() < kBefore.size() + 3 || !head.starts_with("HTTP/1.")) return 0;
    const char* begin = head.data() + kBefore.size();
    std::from_chars(begin, begin + 3, status);
    return status;
}

class Reading {
  public:
    explicit Reading(const OnChunk& on_chunk) : on_chunk_(on_chunk) {}

    // False: enough.
    bool take(std::string_view bytes) {
        if (in_body_) return take_body(bytes);
        head_ += bytes;
        const auto end = head_.find(kHeadEnd);
        if (end == std::string::npos) return head_.size() <= limits::kHeaderBytesMax;
        in_body_ = true;
        answer_.status = status_of(head_);
        const std::string rest = head_.substr(end + kHeadEnd.size());
        return rest.empty() || take_body(rest);
    }

    ClientResponse end() {
        if (answer_.status == 0) answer_.body = "the daemon sent no whole answer";
        return std::move(answer_);
    }

  private:
    bool take_body(std::string_view bytes) {
        if (answer_.status == 200) return on_chunk_(bytes);
        answer_.body += bytes;
        return answer_.body.size() <= limits::kControlBodyBytesMax;
    }

    const OnChunk& on_chunk_;
    std::string head_;
    bool in_body_ = false;
    ClientResponse answer_;
};

}  // namespace

Expected<ClientResponse> stream(const std::string& socket_path, const std::string& path,
                                const OnChunk& on_chunk, const BeforeWait& before_wait) {
    auto connection = connect_unix(socket_path);
    if (!connection) return connection.error();
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (send(connection->get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        return ClientResponse{0, {}, "the daemon took no request"};
    }
    Reading reading(on_chunk);
    std::array<char, 16 * 1024> buffer{};
    while (true) {
        std::optional<Millis> wait = before_wait ? before_wait() : Millis(-1);
        if (!wait) return reading.end();
        pollfd watched{connection->get(), POLLIN, 0};
        const int ready = poll(&watched, 1, static_cast<int>(wait->count()));
        if (ready <= 0) continue;  // its time has come, or a signal
        const ssize_t got = recv(connection->get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return reading.end();
        if (!reading.take({buffer.data(), static_cast<std::size_t>(got)})) return reading.end();
    }
}

}  // namespace lastgood::http
