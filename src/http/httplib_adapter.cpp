// cpp-httplib as a server. All of it is behind this file and its clients', httplib_*.cpp: it is
// slow to compile, its macros come from pkg-config, and it differs between Debian 12 (0.11) and 13
// (0.18).
//
// It gets one request at a time, already gathered and checked: a request line and no header but
// `Connection`, since its own reading of headers percent-decodes them and parses ranges
// recursively. It decodes path and query, and writes the answer. Handlers see the headers and the
// body as the front gathered them.
#include <httplib.h>

#include <algorithm>
#include <cstring>

#include "http/engine.h"

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

}  // namespace

std::unique_ptr<Engine> make_engine(Handler handler, Millis idle_time) {
    return std::make_unique<HttplibEngine>(std::move(handler), idle_time);
}

}  // namespace lastgood::http
