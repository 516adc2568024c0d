// All of cpp-httplib is behind this file: it is slow to compile, its macros come from pkg-config,
// and it differs between Debian 12 (0.11) and 13 (0.18).
//
// As a server it gets one request at a time, already gathered and checked: a request line and no
// header but `Connection`, since its own reading of headers percent-decodes them and parses ranges
// recursively. It decodes path and query, and writes the answer. Handlers see the headers and the
// body as the front gathered them.
#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "http/engine.h"
#include "lastgood/http/client.h"

namespace lastgood::http {
namespace {

// A connection in memory: the request's bytes are read from it, the answer is written to it.
class MemoryStream final : public httplib::Stream {
  public:
    explicit MemoryStream(std::string input) : input_(std::move(input)) {}

    bool is_readable() const override { return read_ < input_.size(); }
    bool is_writable() const override { return true; }
    ssize_t read(char* buffer, size_t size) override {
        const std::size_t count = std::min(size, input_.size() - read_);
        std::memcpy(buffer, input_.data() + read_, count);
        read_ += count;
        return static_cast<ssize_t>(count);
    }
    ssize_t write(const char* bytes, size_t size) override {
        output_.append(bytes, size);
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return -1; }
    // Pure virtual in later versions.
    bool wait_readable() const { return is_readable(); }
    bool wait_writable() const { return true; }
    time_t duration() const { return 0; }

    std::string take_output() { return std::move(output_); }

  private:
    std::string input_;
    std::size_t read_ = 0;
    std::string output_;
};

// The request that this thread is answering; cpp-httplib has no place of its own to carry it.
struct Call {
    Gathered* request = nullptr;
    int status = 0;
    std::string open_ended_head;
    std::function<void(sys::Fd)> take_over;
    std::function<void(std::function<void(Response)>)> later;
};
thread_local Call* current_call = nullptr;

bool has_control_byte(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

// Base is a template's parameter so that the call that this version lacks is never looked at.
template <typename Base>
class OneRequest : public Base {
  public:
    void process(MemoryStream& stream, bool close) {
        bool closed = false;
        const std::string nobody;
        if constexpr (requires(OneRequest & self) {
                          self.process_request(stream, close, closed, nullptr);
                      }) {
            this->process_request(stream, close, closed, nullptr);
        } else {
            this->process_request(stream, nobody, 0, nobody, 0, close, closed, nullptr);
        }
    }
};

class HttplibEngine final : public Engine {
  public:
    HttplibEngine(Handler handler, Millis idle_time) : handler_(std::move(handler)) {
        server_.set_keep_alive_timeout(
            std::chrono::duration_cast<std::chrono::seconds>(idle_time).count());
        server_.set_keep_alive_max_count(limits::kRequestsPerConnectionMax);
        // Every request is answered here, before cpp-httplib routes it or reads a body.
        server_.set_pre_routing_handler(
            [this](const httplib::Request& request, httplib::Response& response) {
                handle(request, response);
                return httplib::Server::HandlerResponse::Handled;
            });
        // Its tables are made by the first request line it reads: here, and not by threads at once.
        MemoryStream warm_up("WARM-UP / HTTP/1.1\r\n\r\n");
        server_.process(warm_up, true);
    }

    Outcome answer(Gathered request, bool close) override {
        Call call;
        call.request = &request;
        current_call = &call;
        MemoryStream stream(request.head.method + " " + request.head.target +
                            " HTTP/1.1\r\nConnection: " + (close ? "close" : "keep-alive") +
                            "\r\n\r\n");
        server_.process(stream, close);
        current_call = nullptr;
        Outcome outcome;
        if (call.later) {
            outcome.later = std::move(call.later);
            outcome.head_only = request.head.method == "HEAD";
            return outcome;
        }
        outcome.bytes = call.take_over ? std::move(call.open_ended_head) : stream.take_output();
        outcome.status = call.status;
        outcome.close = close || outcome.bytes.empty();
        outcome.take_over = std::move(call.take_over);
        return outcome;
    }

  private:
    void handle(const httplib::Request& request, httplib::Response& response) const {
        Response answer;
        if (has_control_byte(request.path)) {
            answer.status = 400;
            answer.body = R"({"error":"bad request target"})";
        } else {
            answer = call_handler(request);
        }
        if (answer.later) {
            current_call->later = std::move(answer.later);
            return;
        }
        response.status = answer.status;
        current_call->status = answer.status;
        if (answer.take_over) {
            current_call->open_ended_head = open_ended_head(answer);
            current_call->take_over = std::move(answer.take_over);
            return;
        }
        for (const auto& [name, value] : answer.headers) response.set_header(name, value);
        response.body = std::move(answer.body);
        if (!response.body.empty()) response.set_header("Content-Type", answer.content_type);
    }

    Response call_handler(const httplib::Request& parsed) const {
        Gathered& gathered = *current_call->request;
        Request request;
        request.method = gathered.head.method;
        request.path = parsed.path;
        const std::size_t question = gathered.head.target.find('?');
        if (question != std::string::npos)
            request.query = gathered.head.target.substr(question + 1);
        request.params.assign(parsed.params.begin(), parsed.params.end());
        request.headers = std::move(gathered.head.headers);
        request.body = std::move(gathered.body);
        request.peer = std::move(gathered.peer);
        request.client = std::move(gathered.client);
        request.received = gathered.received;
        try {
            return handler_(request);
        } catch (const std::exception&) {
            // Its text may hold what a stranger sent.
            Response failed;
            failed.status = 500;
            failed.body = R"({"error":"internal error"})";
            return failed;
        }
    }

    // cpp-httplib would write its own word on keep-alive here, so this block is made by hand.
    static std::string open_ended_head(const Response& answer) {
        std::string head = "HTTP/1.1 " + std::to_string(answer.status) +
                           " OK\r\nConnection: close\r\nContent-Type: " + answer.content_type +
                           "\r\n";
        for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
        return head + "\r\n";
    }

    const Handler handler_;
    OneRequest<httplib::Server> server_;
};

Error not_reached(const std::string& path, int error) {
    Error result = system_error("nobody answers on " + path, error);
    if (error == ENOENT || error == ECONNREFUSED) {
        result.mend = "start the daemon: systemctl start lastgood, or lastgood serve";
    } else if (error == EACCES || error == EPERM) {
        result.mend = "run it with sudo, or add your user to the group lastgood";
    }
    return result;
}

// cpp-httplib doesn't say why it could not connect, so that is found out first.
Expected<void> probe(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return not_reached(path, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.data(), path.size());
    const sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
        return not_reached(path, errno);
    }
    return {};
}

httplib::Client make_client(const std::string& path, Millis timeout) {
    httplib::Client client(path, 1);  // the port is not used, but must not be 0
    client.set_address_family(AF_UNIX);
    client.set_connection_timeout(timeout);
    client.set_read_timeout(timeout);
    client.set_write_timeout(timeout);
    client.set_keep_alive(false);
    return client;
}

ClientResponse to_response(const httplib::Result& result) {
    if (!result) {
        return {
            .status = 0,
            .content_type = {},
            .body = "the daemon sent no whole answer (" + httplib::to_string(result.error()) + ")"};
    }
    return {.status = result->status,
            .content_type = result->get_header_value("Content-Type"),
            .body = result->body};
}

}  // namespace

std::unique_ptr<Engine> make_engine(Handler handler, Millis idle_time) {
    return std::make_unique<HttplibEngine>(std::move(handler), idle_time);
}

Expected<ClientResponse> request(const std::string& socket_path, const std::string& method,
                                 const std::string& path, const std::string& body, Millis timeout) {
    if (auto reached = probe(socket_path); !reached) return reached.error();
    httplib::Client client = make_client(socket_path, timeout);
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = {{"Host", "localhost"}};
    request.body = body;
    if (!body.empty()) request.set_header("Content-Type", "application/json");
    return to_response(client.send(request));
}

Expected<ClientResponse> stream(const std::string& socket_path, const std::string& path,
                                const std::function<bool(std::string_view)>& on_chunk) {
    if (auto reached = probe(socket_path); !reached) return reached.error();
    httplib::Client client = make_client(socket_path, std::chrono::hours(24));
    int status = 0;
    bool ended = false;
    std::string other_body;
    const auto result = client.Get(
        path, httplib::Headers{{"Host", "localhost"}},
        [&status](const httplib::Response& response) {
            status = response.status;
            return true;
        },
        [&](const char* data, size_t size) {
            if (status == 200) {
                ended = !on_chunk({data, size});
                return !ended;
            }
            other_body.append(data, size);
            return other_body.size() <= limits::kControlBodyBytesMax;
        });
    if (ended) return ClientResponse{.status = 200, .content_type = {}, .body = {}};
    ClientResponse response = to_response(result);
    if (response.status != 0) response.body = std::move(other_body);
    return response;
}

}  // namespace lastgood::http
