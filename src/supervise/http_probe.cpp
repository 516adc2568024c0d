#include "supervise/http_probe.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cctype>
#include <cerrno>
#include <cstring>

#include "lastgood/base/error.h"
#include "lastgood/base/strings.h"

namespace lastgood::supervise {
namespace {

constexpr std::size_t kAnswerBytesMax = 16 * 1024;
constexpr std::size_t kStatusLineMin = 12;  // "HTTP/1.1 200"

std::string errno_text(int error) {
    return to_lower(strerrordesc_np(error) != nullptr ? strerrordesc_np(error) : "unknown error");
}

}  // namespace

HttpProbe::HttpProbe(sys::EventLoop& loop, const ProbeTarget& target, Millis time_max, Done done)
    : loop_(loop), done_(std::move(done)) {
    request_ = "GET " + target.path + " HTTP/1.1\r\nHost: " + sys::host_of(target.route.to) +
               "\r\nUser-Agent: lastgood\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    timer_ = loop_.after(time_max, [this, time_max] {
        finish(false, "gave no answer within " + format_duration(time_max));
    });
    connect(target);
}

void HttpProbe::connect(const ProbeTarget& target) {
    const auto& [to, from, traffic_class] = target.route;
    socket_ = sys::Fd(socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    bool fine = static_cast<bool>(socket_);
    if (fine && from) {
        const int on = 1;
        setsockopt(socket_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        fine = bind(socket_.get(), &from->any, sys::length(*from)) == 0;
    }
    if (fine && traffic_class != 0) {
        fine = setsockopt(socket_.get(), IPPROTO_IPV6, IPV6_TCLASS, &traffic_class,
                          sizeof traffic_class) == 0;
    }
    if (fine) {
        fine = ::connect(socket_.get(), &to.any, sys::length(to)) == 0 || errno == EINPROGRESS;
    }
    if (!fine) {
        timer_ =
            loop_.after(Millis{0}, [this, error = errno] { finish(false, errno_text(error)); });
        return;
    }
    watch_ = loop_.watch(socket_.get(), EPOLLOUT, [this](std::uint32_t) { connected(); });
}

void HttpProbe::connected() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return finish(false, errno_text(error));
    // A fresh connection's buffer has room for a request as short as ours.
    const ssize_t sent = send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request_.size())) return finish(false, errno_text(errno));
    watch_.reset();
    watch_ = loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { readable(); });
}

void HttpProbe::readable() {
    bool end = false;
    while (answer_.size() < kAnswerBytesMax) {
        char buffer[4096];
        const ssize_t got = recv(socket_.get(), buffer, sizeof buffer, 0);
        if (got > 0) {
            answer_.append(buffer, static_cast<std::size_t>(got));
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
        end = true;
        break;
    }
    if (answer_.size() < kStatusLineMin) {
        if (end) finish(false, "closed the connection without an answer");
        return;
    }
    const auto digit = [this](std::size_t at) {
        return std::isdigit(static_cast<unsigned char>(answer_[at])) != 0;
    };
    const bool http = answer_.starts_with("HTTP/1.") && digit(9) && digit(10) && digit(11);
    if (!http) return finish(false, "answered something that is no HTTP");
    finish(answer_[9] == '2' || answer_[9] == '3', "answered " + answer_.substr(9, 3));
}

void HttpProbe::finish(bool ok, const std::string& answer) {
    timer_.reset();
    watch_.reset();
    socket_.reset();
    const Done done = std::move(done_);  // it may destroy this object
    done(ok, answer);
}

}  // namespace lastgood::supervise
