// Any bytes, in any pieces, to the real front: every answer is a whole HTTP answer and none says
// that we are at fault; what reaches the handler is what the front promises.
//
// The first byte says how the rest is cut into pieces.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "fuzz/check.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/http/front.h"

namespace lastgood::fuzz {
namespace {

// Small, so that inputs of a few kilobytes come to every bound.
http::FrontLimits small_limits() {
    http::FrontLimits limits;
    limits.header_bytes = 1024;
    limits.header_count = 16;
    limits.body_bytes = 2048;
    return limits;
}

bool has_controls(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

http::Response echo(const http::Request& request) {
    FUZZ_CHECK(request.path.starts_with('/') && !has_controls(request.path));
    FUZZ_CHECK(request.body.size() <= small_limits().body_bytes);
    FUZZ_CHECK(request.headers.size() <= small_limits().header_count);
    FUZZ_CHECK(request.client == request.peer && request.peer.starts_with("unix:"));
    for (const auto& [name, value] : request.headers) {
        FUZZ_CHECK(!name.empty() && name == to_lower(name));
        FUZZ_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    }
    http::Response response;
    response.content_type = "text/plain";
    response.headers = {{"Asked", request.method}};
    response.body = request.method + " " + request.path + " " + request.body;
    if (!request.path.starts_with("/later")) return response;
    http::Response later;
    later.later = [response](const std::function<void(http::Response)>& finish) {
        finish(response);
    };
    return later;
}

// Takes one answer off the front of the text; false where only a part of one is left.
bool take_answer(std::string_view& text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    std::string_view block = text.substr(0, end + 2);
    text.remove_prefix(end + 4);
    FUZZ_CHECK(block.starts_with("HTTP/1.1 "));
    int status = 0;
    std::from_chars(block.data() + 9, block.data() + 12, status);
    FUZZ_CHECK(status >= 100 && status < 500);
    std::size_t length = 0;
    int lengths = 0;
    std::string_view asked;
    block.remove_prefix(block.find("\r\n") + 2);
    while (!block.empty()) {
        const std::size_t line_end = block.find("\r\n");
        const std::string_view line = block.substr(0, line_end);
        block.remove_prefix(line_end + 2);
        FUZZ_CHECK(line.find(": ") != std::string_view::npos && !has_controls(line));
        if (line.starts_with("Asked: ")) asked = line.substr(7);
        if (!line.starts_with("Content-Length: ")) continue;
        ++lengths;
        std::from_chars(line.data() + 16, line.data() + line.size(), length);
    }
    FUZZ_CHECK(lengths == (status == 100 ? 0 : 1));
    // Without the handler's word a target that was refused may have been a HEAD's.
    const bool no_body = asked.empty() && (text.empty() || text.starts_with("HTTP/1.1 "));
    if (asked == "HEAD" || no_body) length = 0;
    FUZZ_CHECK(text.size() >= length);
    text.remove_prefix(length);
    return true;
}

class World {
  public:
    World() {
        sys::Fd listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        // Of the kernel's choice, in the abstract name space.
        FUZZ_CHECK(
            bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0);
        FUZZ_CHECK(listen(listening.get(), 16) == 0);
        address_size_ = sizeof address_;
        getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address_), &address_size_);
        auto front = http::Front::open(loop_, std::move(listening), small_limits(), echo, 0);
        FUZZ_CHECK(front);
        front_ = std::move(*front);
    }

    void run(std::string_view pieces, std::uint8_t how) {
        sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        FUZZ_CHECK(connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), address_size_) == 0);
        std::string answers;
        std::uint32_t cut = how;
        bool ended = false;
        while (!ended) {
            if (!pieces.empty()) {
                cut = cut * 1103515245U + 12345U;
                const std::size_t most = how == 0 ? pieces.size() : 1 + (cut >> 16U) % how;
                const std::size_t size = std::min(pieces.size(), most);
                const ssize_t sent = send(fd.get(), pieces.data(), size, MSG_NOSIGNAL);
                // It has ended the connection, and what it said before can still be read.
                const auto gone = sent < 0 && errno != EAGAIN;
                pieces.remove_prefix(gone ? pieces.size() : std::max<ssize_t>(sent, 0));
                if (pieces.empty()) shutdown(fd.get(), SHUT_WR);
            }
            loop_.run_once(Millis(pieces.empty() ? 1000 : 0));
            ended = read_all(fd.get(), answers);
        }
        fd.reset();
        while (front_->connections() > 0) loop_.run_once(Millis(1000));
        std::string_view left = answers;
        while (!left.empty() && take_answer(left)) {
        }
        FUZZ_CHECK(left.empty());
    }

  private:
    // True at the end of the stream.
    static bool read_all(int fd, std::string& into) {
        std::array<char, 16 * 1024> buffer;  // NOLINT: filled by recv
        while (true) {
            const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
            if (got < 0) return errno != EAGAIN;
            if (got == 0) return true;
            into.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }

    sys::EventLoop loop_;
    sockaddr_un address_{};
    socklen_t address_size_ = 0;
    std::unique_ptr<http::Front> front_;
};

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static lastgood::fuzz::World world;
    if (size == 0) return 0;
    const auto text = lastgood::fuzz::text_of(data + 1, size - 1);
    if (text.empty()) return 0;
    world.run(text, data[0]);
    return 0;
}
