#include "http/wire.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace lastgood::http {
namespace {

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

class PlainWire final : public Wire {
  public:
    explicit PlainWire(int fd) : fd_(fd) {}

    Got read(char* buffer, std::size_t size, std::size_t& count) override {
        awaits_ = EPOLLIN;
        ssize_t got = 0;
        do {
            got = recv(fd_, buffer, size, 0);
        } while (got < 0 && errno == EINTR);
        return told(got, got > 0, count);
    }
    Got write(const char* bytes, std::size_t size, std::size_t& count) override {
        awaits_ = EPOLLOUT;
        ssize_t sent = 0;
        do {
            sent = send(fd_, bytes, size, MSG_NOSIGNAL);
        } while (sent < 0 && errno == EINTR);
        return told(sent, sent >= 0, count);
    }
    [[nodiscard]] std::uint32_t awaits() const override { return awaits_; }
    [[nodiscard]] bool has_pending() const override { return false; }
    bool end_writing() override { return shutdown(fd_, SHUT_WR) == 0; }

  private:
    static Got told(ssize_t result, bool some, std::size_t& count) {
        if (some) {
            count = static_cast<std::size_t>(result);
            return Got::bytes;
        }
        return result < 0 && would_block(errno) ? Got::nothing : Got::end;
    }

    const int fd_;
    std::uint32_t awaits_ = EPOLLIN;
};

// The handshake happens inside the first reads.
class TlsWire final : public Wire {
  public:
    TlsWire(int fd, std::shared_ptr<const TlsContext> context)
        : fd_(fd),
          context_(std::move(context)),
          ssl_(SSL_new(static_cast<SSL_CTX*>(context_->native()))) {
        if (ssl_ == nullptr || SSL_set_fd(ssl_, fd) != 1) {
            broken_ = true;
            return;
        }
        SSL_set_accept_state(ssl_);
    }
    ~TlsWire() override { SSL_free(ssl_); }
    TlsWire(const TlsWire&) = delete;
    TlsWire& operator=(const TlsWire&) = delete;

    Got read(char* buffer, std::size_t size, std::size_t& count) override {
        if (broken_) return Got::end;
        ERR_clear_error();
        const int most = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
        return told(SSL_read(ssl_, buffer, most), count);
    }
    Got write(const char* bytes, std::size_t size, std::size_t& count) override {
        if (broken_) return Got::end;
        ERR_clear_error();
        const int most = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
        return told(SSL_write(ssl_, bytes, most), count);
    }
    [[nodiscard]] std::uint32_t awaits() const override { return awaits_; }
    [[nodiscard]] bool has_pending() const override { return !broken_ && SSL_pending(ssl_) > 0; }
    bool end_writing() override {
        // close_notify only after a handshake; the rest is TCP's.
        if (!broken_ && SSL_is_init_finished(ssl_) == 1) {
            ERR_clear_error();
            SSL_shutdown(ssl_);
        }
        return shutdown(fd_, SHUT_WR) == 0;
    }

  private:
    Got told(int result, std::size_t& count) {
        if (result > 0) {
            count = static_cast<std::size_t>(result);
            return Got::bytes;
        }
        switch (SSL_get_error(ssl_, result)) {
            case SSL_ERROR_WANT_READ:
                awaits_ = EPOLLIN;
                return Got::nothing;
            case SSL_ERROR_WANT_WRITE:
                awaits_ = EPOLLOUT;
                return Got::nothing;
            case SSL_ERROR_SSL:
            case SSL_ERROR_SYSCALL:
                broken_ = true;  // no further call may be made
                return Got::end;
            default:
                return Got::end;
        }
    }

    const int fd_;
    const std::shared_ptr<const TlsContext> context_;
    SSL* const ssl_;
    std::uint32_t awaits_ = EPOLLIN;
    bool broken_ = false;
};

}  // namespace

std::unique_ptr<Wire> make_wire(int fd, std::shared_ptr<const TlsContext> tls) {
    if (!tls) return std::make_unique<PlainWire>(fd);
    return std::make_unique<TlsWire>(fd, std::move(tls));
}

}  // namespace lastgood::http
