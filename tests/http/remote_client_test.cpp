// The client against servers that do what no honest server does. TLS is tested end to end.
#include "lastgood/http/remote_client.h"

#include <map>

#include "http/running_front.h"

namespace lastgood::http::test {
namespace {

using namespace std::chrono_literals;
using Kind = RemoteFailure::Kind;

// Sends the same bytes to everyone who comes, and the tail of them again and again until the other
// side goes; asked nothing.
class RudeServer {
  public:
    explicit RudeServer(std::string bytes, std::string for_ever = {}) {
        auto listening = listen_tcp("127.0.0.1", 0);
        EXPECT_TRUE(listening.ok());
        fd_ = std::move(*listening);
        port_ = local_port(fd_.get());
        thread_ = std::thread([this, bytes = std::move(bytes), again = std::move(for_ever)] {
            pollfd polled{fd_.get(), POLLIN, 0};
            if (poll(&polled, 1, kPatienceMs) != 1) return;
            const sys::Fd peer(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            while (!again.empty() &&
                   send(peer.get(), again.data(), again.size(), MSG_NOSIGNAL) > 0) {
            }
            char buffer[4096];
            while (recv(peer.get(), buffer, sizeof buffer, 0) > 0) {
            }
        });
    }
    ~RudeServer() { thread_.join(); }
    [[nodiscard]] Url url() const {
        return *parse_url("http://127.0.0.1:" + std::to_string(port_) + "/x");
    }

  private:
    sys::Fd fd_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

RemoteOptions quick() {
    RemoteOptions options;
    options.silence = 100ms;
    options.whole_time = 1s;
    options.answer_bytes = 100'000;
    return options;
}

RemoteRequest get(Url url) {
    return {.method = "GET",
            .url = std::move(url),
            .headers = {{"Authorization", "Bearer hunter2"}},
            .body = {}};
}

Kind failure_of(const RemoteResult& result) {
    const auto* failure = std::get_if<RemoteFailure>(&result);
    EXPECT_NE(failure, nullptr) << std::get<RemoteAnswer>(result).body.substr(0, 100);
    if (failure == nullptr) throw std::runtime_error("no failure");
    EXPECT_FALSE(failure->error.mend.empty()) << failure->error.what;
    EXPECT_EQ(failure->error.text().find("hunter2"), std::string::npos);
    return failure->kind;
}

TEST(RemoteClient, SendsWhatItIsToldAndBringsTheAnswer) {
    Request seen;
    RunningFront front({}, [&seen](const Request& request) {
        seen = request;
        Response response = echo(request);
        response.status = 201;
        response.headers = {{"Link", "<http://x/?page=2>; rel=\"next\""}};
        return response;
    });
    const std::string origin = "http://localhost:" + std::to_string(front.port());
    const auto result = send_remote({.method = "POST",
                                     .url = *parse_url(origin + "/api/a%2Fb?x=1%262"),
                                     .headers = {{"Content-Type", "application/json"}},
                                     .body = "{}"},
                                    {});
    const auto& answer = std::get<RemoteAnswer>(result);
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, "POST /api/a/b {}");
    EXPECT_EQ(answer.header("link"), "<http://x/?page=2>; rel=\"next\"");
    EXPECT_EQ(seen.query, "x=1%262");
    EXPECT_EQ(seen.header("host"), "localhost:" + std::to_string(front.port()));
    EXPECT_EQ(seen.header("content-type"), "application/json");
}

TEST(RemoteClient, SaysWhatKeptItFromConnecting) {
    EXPECT_EQ(failure_of(send_remote(get(*parse_url("http://no-such-host.invalid/")), quick())),
              Kind::name);
    std::uint16_t port = 0;
    {
        const auto gone = listen_tcp("127.0.0.1", 0);
        port = local_port(gone->get());
    }
    const auto url = parse_url("http://127.0.0.1:" + std::to_string(port) + "/");
    EXPECT_EQ(failure_of(send_remote(get(*url), quick())), Kind::refused);
}

TEST(RemoteClient, GivesUpOnSilence) {
    const RudeServer silent("");
    EXPECT_EQ(failure_of(send_remote(get(silent.url()), quick())), Kind::timed_out);
    const RudeServer half("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_EQ(failure_of(send_remote(get(half.url()), quick())), Kind::timed_out);
}

TEST(RemoteClient, EndsAnswersWithoutEnd) {
    const RudeServer body("HTTP/1.1 200 OK\r\n\r\n", std::string(10'000, 'x'));
    EXPECT_EQ(failure_of(send_remote(get(body.url()), quick())), Kind::too_large);
    const RudeServer long_one("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                              std::string(10'000, 'x'));
    EXPECT_EQ(failure_of(send_remote(get(long_one.url()), quick())), Kind::too_large);
    const RudeServer chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "5\r\nhello\r\n");
    EXPECT_EQ(failure_of(send_remote(get(chunks.url()), quick())), Kind::too_large);
    const RudeServer headers("HTTP/1.1 200 OK\r\n", "X: y\r\n");
    EXPECT_EQ(failure_of(send_remote(get(headers.url()), quick())), Kind::too_large);
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 101; ++i) many += "X: y\r\n";
    const RudeServer lines(many + "\r\n", "");
    EXPECT_EQ(failure_of(send_remote(get(lines.url()), quick())), Kind::too_large);
    const RudeServer first_line("HTTP/1.1 200 ", std::string(10'000, 'x'));
    EXPECT_EQ(failure_of(send_remote(get(first_line.url()), quick())), Kind::too_large);
    const RudeServer line("HTTP/1.1 200 OK\r\nX: ", std::string(10'000, 'x'));
    EXPECT_EQ(failure_of(send_remote(get(line.url()), quick())), Kind::too_large);
}

TEST(RemoteClient, DropsThatNeverPauseEndAtTheDeadline) {
    RemoteOptions options = quick();
    options.whole_time = 200ms;
    options.answer_bytes = 1ULL << 40;
    const RudeServer endless("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n");
    const auto result = send_remote(get(endless.url()), options);
    EXPECT_EQ(failure_of(result), Kind::timed_out);
}

TEST(RemoteClient, KnowsWhatIsNoHttp) {
    const RudeServer ssh("SSH-2.0-OpenSSH_9.2\r\n");
    const Kind kind = failure_of(send_remote(get(ssh.url()), quick()));
    EXPECT_TRUE(kind == Kind::broken || kind == Kind::timed_out);
    const RudeServer plain("HTTP/1.1 400 Bad Request\r\n\r\n");
    Url secure = plain.url();
    secure.secure = true;
    EXPECT_EQ(failure_of(send_remote(get(secure), quick())), Kind::tls);
}

TEST(RemoteClient, FollowsRedirectsWithinTheOriginOnly) {
    const RudeServer elsewhere("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen");
    int asked = 0;
    RunningFront front({}, [&](const Request& request) {
        Response response = echo(request);
        ++asked;
        if (request.path == "/old") {
            response.status = 307;
            response.headers = {{"Location", "/new"}};
        } else if (request.path == "/away") {
            response.status = 302;
            response.headers = {{"Location", elsewhere.url().text()}};
        } else if (request.path == "/loop") {
            response.status = 307;
            response.headers = {{"Location", "/loop"}};
        }
        return response;
    });
    const std::string origin = "http://127.0.0.1:" + std::to_string(front.port());
    RemoteRequest post = get(*parse_url(origin + "/old"));
    post.method = "POST";
    post.body = "{}";
    EXPECT_EQ(std::get<RemoteAnswer>(send_remote(post, {})).body, "POST /new {}");
    const auto away = send_remote(get(*parse_url(origin + "/away")), {});
    EXPECT_EQ(std::get<RemoteAnswer>(away).status, 302);
    asked = 0;
    const auto loop = send_remote(get(*parse_url(origin + "/loop")), {});
    EXPECT_EQ(std::get<RemoteAnswer>(loop).status, 307);
    EXPECT_EQ(asked, limits::kRemoteRedirectsMax + 1);
    send_remote(get(elsewhere.url()), {});  // lets its thread end
}

TEST(RemoteClient, ARedirectIsAnAnswerWhereItIsNotFollowed) {
    int asked = 0;
    RunningFront front({}, [&](const Request& request) {
        Response response = echo(request);
        ++asked;
        response.status = 307;
        response.headers = {{"Location", "/new"}};
        return response;
    });
    RemoteOptions options;
    options.redirects = false;
    const auto url = parse_url("http://127.0.0.1:" + std::to_string(front.port()) + "/old");
    EXPECT_EQ(std::get<RemoteAnswer>(send_remote(get(*url), options)).status, 307);
    EXPECT_EQ(asked, 1);
}

std::optional<Proxy> proxy(const std::string& url, std::map<std::string, std::string> variables) {
    const auto found = proxy_for(*parse_url(url), [&](const std::string& name) {
        const auto at = variables.find(name);
        return at == variables.end() ? std::nullopt : std::optional<std::string>(at->second);
    });
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : std::nullopt;
}

TEST(ProxyChoice, GoesByTheEnvironment) {
    EXPECT_FALSE(proxy("https://a/", {}));
    EXPECT_FALSE(proxy("https://a/", {{"http_proxy", "http://p:1"}}));
    EXPECT_FALSE(proxy("http://a/", {{"HTTP_PROXY", "http://p:1"}})) << "a CGI's client sets that";
    EXPECT_EQ(proxy("https://a/", {{"HTTPS_PROXY", "p:3128"}})->url.origin(), "http://p:3128");
    const auto known = proxy("http://a/", {{"http_proxy", "http://ada:p%40ss@p:1/"}});
    EXPECT_EQ(known->url.origin(), "http://p:1");
    EXPECT_EQ(known->credentials, "ada:p@ss");
}

TEST(ProxyChoice, LeavesOutWhatNoProxyNames) {
    const auto through = [](const std::string& url, const std::string& no_proxy) {
        return proxy(url, {{"https_proxy", "http://p:1"}, {"no_proxy", no_proxy}}).has_value();
    };
    EXPECT_FALSE(through("https://git.example.org/", "localhost, .example.org"));
    EXPECT_FALSE(through("https://git.example.org/", "EXAMPLE.org"));
    EXPECT_FALSE(through("https://example.org/", ".example.org"));
    EXPECT_FALSE(through("https://git.example.org/", "*"));
    EXPECT_FALSE(through("https://10.0.0.1:8443/", "10.0.0.1:8443"));
    EXPECT_TRUE(through("https://10.0.0.1/", "10.0.0.1:8443"));
    EXPECT_TRUE(through("https://badexample.org/", "example.org"));
    EXPECT_TRUE(through("https://example.org/", ""));
}

TEST(ProxyChoice, NeverShowsItsPassword) {
    const auto wrong = proxy_for(*parse_url("http://a/"), [](const std::string& name) {
        return name == "http_proxy" ? std::optional<std::string>("http://u:hunter2@:x/")
                                    : std::nullopt;
    });
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().text().find("hunter2"), std::string::npos);
}

TEST(RemoteClient, AsksAProxyForTheWholeAddress) {
    Request seen;
    RunningFront front({}, [&seen](const Request& request) {
        seen = request;
        return echo(request);
    });
    RemoteOptions options = quick();
    options.variable = [&front](const std::string& name) {
        return name == "http_proxy"
                   ? std::optional("http://a:b@127.0.0.1:" + std::to_string(front.port()))
                   : std::nullopt;
    };
    const auto result = send_remote(get(*parse_url("http://nowhere.invalid/x")), options);
    const auto* answer = std::get_if<RemoteAnswer>(&result);
    ASSERT_NE(answer, nullptr);
    if (answer->status == 200) {
        EXPECT_EQ(seen.header("proxy-authorization"), "Basic YTpi");
        EXPECT_EQ(seen.header("host"), "nowhere.invalid");
    }
}

}  // namespace
}  // namespace lastgood::http::test
