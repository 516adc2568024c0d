// A blocking HTTP client over a unix socket, for the command line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lastgood/base/error.h"
#include "lastgood/base/time.h"

namespace lastgood::http {

struct ClientResponse {
    int status = 0;  // 0: the daemon was reached but sent no whole answer; `body` says why
    std::string content_type;
    std::string body;
};

// An Error means that nobody was reached on the socket, and says why and the mend. `timeout` is for
// each silence of the other side.
Expected<ClientResponse> request(const std::string& socket_path, const std::string& method,
                                 const std::string& path, const std::string& body, Millis timeout);

using OnChunk = std::function<bool(std::string_view bytes)>;
// Called before each wait for bytes, and so after each signal, too: says how long to wait at most
// (negative: without end); nothing ends the reading.
using BeforeWait = std::function<std::optional<Millis>()>;

// GET of an answer without end (server-sent events); `on_chunk` gets the bytes as they come and
// ends it by false. Returns when either side ended it. The body of an answer that isn't 200 is in
// the response and not given to on_chunk.
Expected<ClientResponse> stream(const std::string& socket_path, const std::string& path,
                                const OnChunk& on_chunk, const BeforeWait& before_wait = {});

}  // namespace lastgood::http
