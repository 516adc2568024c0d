// One request, whole and checked, and its answer.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lastgood/base/sys/fd.h"
#include "lastgood/base/time.h"

namespace lastgood::http {

struct Request {
    std::string method;  // upper case: "GET", "HEAD", "POST", …
    std::string path;    // percent-decoded, without control bytes, begins with '/'
    std::string query;   // as sent, after the '?'
    std::vector<std::pair<std::string, std::string>> params;   // the query decoded
    std::vector<std::pair<std::string, std::string>> headers;  // lower-case names, values as sent
    std::string body;                                          // the raw bytes
    // Who connected, as the kernel says: an IP address, or "unix:UID:GID,GID…" on a unix socket,
    // with all groups of the process.
    std::string peer;
    // Who sent it: the peer, or whom a trusted proxy names. Printable.
    std::string client;
    Instant received{};  // when the last byte was here

    // The value of the first such header (lower-case name) or parameter; empty where there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    [[nodiscard]] std::string_view param(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    // When set: the header block is sent (no body, `Connection: close`), then the connection is
    // handed over, on the loop's thread, non-blocking (server-sent events).
    std::function<void(sys::Fd)> take_over;
    // When set, nothing else counts: the answer isn't known yet. It is called once, on the loop's
    // thread, and has its argument called there once, later and not from inside.
    std::function<void(std::function<void(Response)>)> later{};
};

using Handler = std::function<Response(const Request&)>;

}  // namespace lastgood::http
