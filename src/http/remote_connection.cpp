#include "http/remote_connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "lastgood/base/strings.h"

namespace lastgood::http {
namespace {

using Kind = RemoteFailure::Kind;

struct Addresses {
    addrinfo* first = nullptr;
    ~Addresses() {
        if (first != nullptr) freeaddrinfo(first);
    }
};

std::string place_of(const Url& url) {
    return url.host + " port " + std::to_string(url.port);
}

RemoteFailure connect_failure(const Url& place, int error) {
    Error told = system_error("can't connect to " + place_of(place), error);
    switch (error) {
        case ECONNREFUSED:
            told.mend = "check that a server listens there, and the port";
            return {Kind::refused, told};
        case ETIMEDOUT:
            told.mend = "check the address, and the firewalls in between";
            return {Kind::timed_out, told};
        default:
            told.mend = "check the address, the network and the firewalls in between";
            return {Kind::unreachable, told};
    }
}

RemoteFailure timed_out(const Url& url, const std::string& what, Millis time) {
    return {Kind::timed_out,
            {url.host + " " + what + " within " + format_duration(time), "try again later"}};
}

RemoteFailure broken(const Url& url, const std::string& why) {
    return {Kind::broken,
            {"the connection to " + place_of(url) + " broke (" + why + ")", "try again"}};
}

}  // namespace

RemoteConnection::RemoteConnection(const Url& url, const RemoteOptions& options)
    : url_(url),
      options_(options),
      deadline_(BootClock::now() + options.whole_time),
      context_(nullptr, SSL_CTX_free),
      tls_(nullptr, SSL_free) {}

RemoteConnection::~RemoteConnection() = default;

bool RemoteConnection::alive() const {
    if (failure_) return false;
    pollfd polled{fd_, POLLIN, 0};
    if (poll(&polled, 1, 0) <= 0) return true;
    // Between requests only TLS itself has something to say.
    char byte = 0;
    return tls_ && recv(fd_, &byte, 1, MSG_PEEK) > 0;
}

void RemoteConnection::renew() {
    deadline_ = BootClock::now() + options_.whole_time;
    sent_ = false;
}

std::optional<RemoteFailure> RemoteConnection::open(const std::optional<Proxy>& proxy) {
    if (auto failed = connect_to(proxy ? proxy->url : url_)) {
        if (proxy) failed->error.what += " (the proxy)";
        if (proxy) failed->kind = Kind::proxy;
        return failed;
    }
    if (!url_.secure) return std::nullopt;
    if (proxy) {
        if (auto failed = open_tunnel(*proxy)) return failed;
    }
    return start_tls();
}

std::optional<RemoteFailure> RemoteConnection::connect_to(const Url& place) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    Addresses addresses;
    const std::string port = std::to_string(place.port);
    int found = getaddrinfo(place.host.c_str(), port.c_str(), &hints, &addresses.first);
    if (found == EAI_NONAME || found == EAI_NODATA) {
        // A literal address of a family that this machine has no other address of.
        hints.ai_flags = AI_NUMERICHOST;
        if (getaddrinfo(place.host.c_str(), port.c_str(), &hints, &addresses.first) == 0) found = 0;
    }
    if (found != 0) {
        return RemoteFailure{
            Kind::name,
            {"the name " + place.host + " is not found (" + gai_strerror(found) + ")",
             "check the spelling, and that this machine can resolve names"}};
    }
    int error = ETIMEDOUT;
    for (const addrinfo* at = addresses.first; at != nullptr; at = at->ai_next) {
        fd_owner_ = sys::Fd(
            socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol));
        fd_ = fd_owner_.get();
        if (fd_ < 0) {
            error = errno;
            continue;
        }
        if (connect(fd_, at->ai_addr, at->ai_addrlen) != 0 && errno != EINPROGRESS) {
            error = errno;
            continue;
        }
        if (wait(POLLOUT, options_.connect_time) != Waited::ready) {
            error = ETIMEDOUT;
            continue;
        }
        socklen_t size = sizeof error;
        getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) continue;
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return std::nullopt;
    }
    return connect_failure(place, error);
}

std::optional<RemoteFailure> RemoteConnection::open_tunnel(const Proxy& proxy) {
    const std::string host =
        url_.host.find(':') != std::string::npos ? "[" + url_.host + "]" : url_.host;
    const std::string place = host + ":" + std::to_string(url_.port);
    std::string head = "CONNECT " + place + " HTTP/1.1\r\nHost: " + place + "\r\n";
    if (!proxy.credentials.empty()) {
        head += "Proxy-Authorization: Basic " + base64_encode(proxy.credentials) + "\r\n";
    }
    head += "\r\n";
    for (std::size_t sent = 0; sent < head.size();) {
        const ssize_t wrote = write(head.data() + sent, head.size() - sent);
        if (wrote <= 0) return failure_;
        sent += static_cast<std::size_t>(wrote);
    }
    // Byte by byte: what comes after the blank line is TLS already.
    std::string answer;
    while (!answer.ends_with("\r\n\r\n") && answer.size() < limits::kRemoteHeadBytesMax) {
        char byte = 0;
        if (read(&byte, 1) <= 0) {
            return failure_ ? failure_ : broken(proxy.url, "the proxy ended it");
        }
        answer += byte;
    }
    const std::string line = answer.substr(0, answer.find('\r'));
    if (line.starts_with("HTTP/1.") && line.size() >= 12 && line.substr(8, 2) == " 2") {
        sent_ = false;
        return std::nullopt;
    }
    const bool credentials = line.find(" 407") != std::string::npos;
    return RemoteFailure{
        Kind::proxy,
        {"the proxy " + place_of(proxy.url) + " doesn't connect to " + place + ": " +
             printable(line, 200),
         credentials ? "put its name and password into https_proxy: http://NAME:PASSWORD@HOST:PORT"
                     : "check https_proxy, or add the host to no_proxy"}};
}

Waited RemoteConnection::wait(short events, Millis at_most) {
    const Instant until = std::min(deadline_, BootClock::now() + at_most);
    while (true) {
        const auto left = std::max(Millis(0), until - BootClock::now());
        // poll() leaves a negative descriptor out.
        pollfd polled[] = {{fd_, events, 0}, {options_.cancel_fd, POLLIN, 0}};
        const auto left_max = std::min<Millis::rep>(left.count(), INT_MAX);
        const int ready = poll(polled, 2, static_cast<int>(left_max));
        if (polled[1].revents != 0) return Waited::cancelled;
        if (ready > 0) return Waited::ready;
        if (ready < 0 && errno != EINTR) return Waited::ready;  // the next call says what it is
        if (BootClock::now() >= deadline_) return Waited::deadline;
        if (BootClock::now() >= until) return Waited::silence;
    }
}

bool RemoteConnection::wait_or_fail(short events) {
    switch (wait(events, options_.silence)) {
        case Waited::ready:
            return true;
        case Waited::silence:
            failure_ = timed_out(url_, "said nothing", options_.silence);
            return false;
        case Waited::deadline:
            failure_ = timed_out(url_, "did not end its answer", options_.whole_time);
            return false;
        case Waited::cancelled:
            failure_ = broken(url_, "it was given up here");
            return false;
    }
    return false;
}

ssize_t RemoteConnection::read(char* buffer, std::size_t size) {
    while (!failure_) {
        if (BootClock::now() >= deadline_) {
            failure_ = timed_out(url_, "did not end its answer", options_.whole_time);
            break;
        }
        if (tls_) return read_tls(buffer, size);
        const ssize_t got = recv(fd_, buffer, size, 0);
        if (got >= 0) return got;
        if (errno == EINTR) continue;
        if (errno != EAGAIN) {
            failure_ = broken(url_, system_error("reading", errno).what);
        } else if (!wait_or_fail(POLLIN)) {
            break;
        }
    }
    return -1;
}

ssize_t RemoteConnection::write(const char* bytes, std::size_t size) {
    while (!failure_) {
        if (tls_) return write_tls(bytes, size);
        const ssize_t wrote = send(fd_, bytes, size, MSG_NOSIGNAL);
        if (wrote >= 0) {
            sent_ = true;
            return wrote;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) {
            failure_ = broken(url_, system_error("writing", errno).what);
        } else if (!wait_or_fail(POLLOUT)) {
            break;
        }
    }
    return -1;
}

}  // namespace lastgood::http
