// cpp-httplib as a client over connections of our own to other machines. It writes the request and
// reads the answer only: connecting, TLS and every bound are RemoteConnection's, since its own have
// no deadline for the whole, don't say why they failed, and read the first line of an answer by a
// recursive regex.
#include <httplib.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <cstring>

#include "http/exchange.h"
#include "http/remote_connection.h"
#include "http/trailers.h"
#include "lastgood/base/strings.h"

namespace lastgood::http {
namespace {

// Newer cpp-httplibs end there by themselves, and tell it as no HTTP.
constexpr std::size_t kHeadLinesMax = 100;

// Watches the lines of an answer's head go by.
class HeadGuard {
  public:
    // False when the head is beyond its bounds.
    bool take(std::string_view bytes) {
        for (const char c : bytes) {
            if (ended_) return true;
            ++head_;
            if (c == '\n') {
                ended_ = line_ == 0 && lines_ > 0;
                line_ = 0;
                ++lines_;
            } else if (c != '\r') {
                ++line_;
            }
            const std::size_t line_max =
                lines_ == 0 ? limits::kRemoteStatusLineBytesMax : limits::kRemoteHeadLineBytesMax;
            if (line_ > line_max || lines_ > kHeadLinesMax || head_ > limits::kRemoteHeadBytesMax) {
                return false;
            }
        }
        return true;
    }

  private:
    bool ended_ = false;
    std::size_t head_ = 0;
    std::size_t line_ = 0;
    std::size_t lines_ = 0;
};

class RemoteStream final : public httplib::Stream {
  public:
    explicit RemoteStream(RemoteConnection& connection) : connection_(connection) {}

    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    // cpp-httplib reads lines byte by byte.
    ssize_t read(char* into, size_t size) override {
        while (read_ == filled_) {
            const ssize_t got = connection_.read(buffer_.data(), buffer_.size());
            if (got <= 0) return got;
            read_ = 0;
            filled_ = static_cast<std::size_t>(got);
            head_too_large_ = !guard_.take({buffer_.data(), filled_});
            filled_ = trailers_.strip(buffer_.data(), filled_);
            head_too_large_ = head_too_large_ || trailers_.too_large();
            if (head_too_large_) return -1;
        }
        const std::size_t count = std::min(size, filled_ - read_);
        std::memcpy(into, buffer_.data() + read_, count);
        read_ += count;
        return static_cast<ssize_t>(count);
    }
    ssize_t write(const char* bytes, size_t size) override {
        return connection_.write(bytes, size);
    }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return -1; }
    // Pure virtual in later versions.
    bool wait_readable() const { return true; }
    bool wait_writable() const { return true; }
    time_t duration() const { return 0; }

    [[nodiscard]] bool head_too_large() const { return head_too_large_; }
    // Before each request on a connection. False: there are bytes that nobody asked for.
    bool begin() {
        guard_ = {};
        trailers_ = {};
        return read_ == filled_;
    }

  private:
    RemoteConnection& connection_;
    HeadGuard guard_;
    Trailers trailers_;
    std::array<char, 16 * 1024> buffer_{};
    std::size_t read_ = 0;
    std::size_t filled_ = 0;
    bool head_too_large_ = false;
};

class RemoteClient final : public httplib::ClientImpl {
  public:
    RemoteClient(const std::string& host, RemoteConnection& connection, bool keep_alive)
        : ClientImpl(host), connection_(connection), stream_(connection) {
        set_keep_alive(keep_alive);
        set_follow_location(false);
        set_decompress(false);
        set_url_encode(false);
    }
    [[nodiscard]] RemoteStream& stream() { return stream_; }

  private:
    // The connection stands already; its end is for whoever made it to notice.
    bool create_and_connect_socket(Socket& socket, httplib::Error&) override {
        socket.sock = connection_.release();
        return socket.is_open();
    }
    bool process_socket(const Socket&, std::function<bool(httplib::Stream&)> callback) override {
        return callback(stream_);
    }

    RemoteConnection& connection_;
    RemoteStream stream_;
};

// OpenSSL writes to sockets that may be gone; the process's own handling of SIGPIPE stays.
class NoSigpipe {
  public:
    NoSigpipe() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoSigpipe() {
        const timespec now{};
        while (sigtimedwait(&pipe_, nullptr, &now) > 0) {
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

  private:
    sigset_t pipe_{};
    sigset_t before_{};
};

RemoteFailure too_large(const Url& url, std::size_t bytes_max) {
    return {RemoteFailure::Kind::too_large,
            {"the answer of " + url.authority() + " is larger than " + format_size(bytes_max),
             "check the address"}};
}

httplib::Request to_httplib(const RemoteRequest& request, const std::optional<Proxy>& proxy) {
    httplib::Request made;
    made.method = request.method;
    const bool absolute = proxy && !request.url.secure;
    made.path = absolute ? request.url.text() : request.url.target;
    for (const auto& [name, value] : request.headers) made.headers.emplace(name, value);
    made.headers.emplace("Host", request.url.authority());
    if (absolute && !proxy->credentials.empty()) {
        made.headers.emplace("Proxy-Authorization", "Basic " + base64_encode(proxy->credentials));
    }
    made.body = request.body;
    return made;
}

RemoteResult exchange_on(RemoteConnection& connection, RemoteClient& client,
                         const RemoteRequest& request, httplib::Request made,
                         const RemoteOptions& options) {
    RemoteAnswer answer;
    bool large = false;
    int status = 0;
    bool ended = false;
    made.response_handler = [&status](const httplib::Response& response) {
        status = response.status;
        return true;
    };
    made.content_receiver = [&](const char* bytes, size_t size, std::uint64_t, std::uint64_t) {
        if (options.on_body && status == 200) {
            ended = !options.on_body({bytes, size});
            return !ended;
        }
        large = answer.body.size() + size > options.answer_bytes;
        if (!large) answer.body.append(bytes, size);
        return !large;
    };
    const auto result = client.send(made);
    const auto failed = [&connection](RemoteFailure failure) {
        failure.sent = connection.has_sent();
        return failure;
    };
    if (ended) {
        answer.status = status;
        return answer;
    }
    if (large) return failed(too_large(request.url, options.answer_bytes));
    if (client.stream().head_too_large()) {
        return failed(too_large(request.url, limits::kRemoteHeadBytesMax));
    }
    if (connection.failure()) return failed(*connection.failure());
    if (!result) {
        return failed({RemoteFailure::Kind::broken,
                       {request.url.authority() + " sent no whole HTTP answer",
                        "check that a web server answers there"}});
    }
    answer.status = result->status;
    for (const auto& [name, value] : result->headers) {
        answer.headers.emplace_back(to_lower(name), value);
    }
    return answer;
}

}  // namespace

RemoteResult exchange(const RemoteRequest& request, const std::optional<Proxy>& proxy,
                      const RemoteOptions& options) {
    const NoSigpipe guard;
    RemoteConnection connection(request.url, options);
    if (auto failed = connection.open(proxy)) return *std::move(failed);
    RemoteClient client(request.url.host, connection, false);
    return exchange_on(connection, client, request, to_httplib(request, proxy), options);
}

class RemoteSession::Open {
  public:
    Open(const Url& url, const RemoteOptions& options)
        : connection(url, options), client(url.host, connection, true) {}
    RemoteConnection connection;
    RemoteClient client;
};

RemoteSession::RemoteSession(RemoteOptions options) : options_(std::move(options)) {}
RemoteSession::~RemoteSession() = default;

// An open connection looks at these same options.
void RemoteSession::set_time(Millis time) {
    options_.whole_time = options_.silence = time;
}

void RemoteSession::close() {
    open_.reset();
}

RemoteResult RemoteSession::send(const RemoteRequest& request) {
    const NoSigpipe guard;
    const bool goes_on = open_ && open_->connection.alive() && open_->client.stream().begin();
    if (goes_on) {
        open_->connection.renew();
    } else {
        open_.reset();
        auto fresh = std::make_unique<Open>(request.url, options_);
        if (auto failed = fresh->connection.open(std::nullopt)) return *std::move(failed);
        open_ = std::move(fresh);
    }
    auto result = exchange_on(open_->connection, open_->client, request,
                              to_httplib(request, std::nullopt), options_);
    const auto* answer = std::get_if<RemoteAnswer>(&result);
    if (answer == nullptr || answer->header("connection") == "close") open_.reset();
    return result;
}

}  // namespace lastgood::http
