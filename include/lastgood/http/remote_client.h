// A blocking HTTP(S) client for the command line (forges' APIs, the own front door), the notifier
// and the fleet's agent. The daemon never uses it.
//
// Bounded whatever the other side does: the time to connect, each silence, the whole, the bytes of
// the answer (looking up the name has the resolver's own bound). Certificates and names are always
// verified, TLS 1.2 at least. Redirects are followed within one origin only, and only where the
// method stays the same. Failures never hold a header or a body.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/time.h"
#include "lastgood/base/url.h"

namespace lastgood::http {

struct RemoteRequest {
    std::string method;  // upper case
    Url url;
    std::vector<std::pair<std::string, std::string>> headers;  // no Host, no lengths
    std::string body;
};

struct RemoteAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // lower-case names
    std::string body;
    // The first of that lower-case name; empty where there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct RemoteFailure {
    enum class Kind {
        name,         // there is no such host
        refused,      // nobody listens there
        unreachable,  // no way to it
        timed_out,
        certificate,  // not trusted, expired, for another name
        tls,          // no TLS with it
        proxy,        // the proxy didn't let us through
        too_large,    // the answer is
        broken,       // it ended in the middle, or is no HTTP
    };
    Kind kind = Kind::broken;
    Error error;
    // Some of the request had gone out, so that the other side may have acted on it.
    bool sent = false;
};

// Which proxy a request goes through, from https_proxy, http_proxy and no_proxy (for https and
// no_proxy also in upper case; HTTP_PROXY is not looked at, as everywhere).
struct Proxy {
    Url url;
    std::string credentials;  // "NAME:PASSWORD", or empty
};
using Variable = std::function<std::optional<std::string>(const std::string& name)>;
Expected<std::optional<Proxy>> proxy_for(const Url& url, const Variable& variable);

struct RemoteOptions {
    std::string ca_file;  // trusted instead of the system's store ($SSL_CERT_FILE counts as that)
    // Both or none: PEM files by which this side shows who it is.
    std::string client_cert_file{};
    std::string client_key_file{};
    Variable variable;  // of the environment, for proxies; none: no proxy
    Millis connect_time = limits::kRemoteConnectMax;
    Millis silence = limits::kRemoteSilenceMax;
    Millis whole_time = limits::kRemoteTimeMax;
    std::size_t answer_bytes = limits::kRemoteAnswerBytesMax;
    // Where set, gets the body of an answer of 200 as it comes, however long, instead of
    // RemoteAnswer::body; false ends it, which is no failure. It may take its time: that is not the
    // other side's silence.
    std::function<bool(std::string_view bytes)> on_body{};
    bool redirects = true;  // followed, as said above
    // When that descriptor is readable, what waits ends as `broken`: another thread wants the end.
    int cancel_fd = -1;
};

using RemoteResult = std::variant<RemoteAnswer, RemoteFailure>;
RemoteResult send_remote(const RemoteRequest& request, const RemoteOptions& options);

// A connection to one origin that stays open from request to request; opened anew where it ended.
// No redirects, no proxy. `whole_time` is each request's. One thread at a time.
class RemoteSession {
  public:
    explicit RemoteSession(RemoteOptions options);
    ~RemoteSession();
    RemoteSession(const RemoteSession&) = delete;
    RemoteSession& operator=(const RemoteSession&) = delete;

    // To the same origin each time, unless it was closed before.
    RemoteResult send(const RemoteRequest& request);
    // `whole_time` of the requests that follow, and the bound of each silence.
    void set_time(Millis time);
    void close();

  private:
    class Open;
    RemoteOptions options_;
    std::unique_ptr<Open> open_;
};

}  // namespace lastgood::http
