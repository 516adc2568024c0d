// Who may come in: asked by the front before it reads a body, and told what became of each request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastgood::http {

// A request that is answered without a handler.
struct Refusal {
    int status = 400;
    std::string_view reason;  // for the sender, static text
};

// Every call is on the loop's thread and returns at once.
class Doorkeeper {
  public:
    using Headers = std::vector<std::pair<std::string, std::string>>;  // lower-case names

    virtual ~Doorkeeper() = default;
    // Does this peer speak for many senders (a proxy)? Then it may have more connections than one.
    virtual bool speaks_for_many(const std::string& peer) = 0;
    // Who sends this request: the peer, or whom trusted proxies name.
    virtual std::string client_of(const std::string& peer, const Headers& headers) = 0;
    // Nothing: it may go on. `path` is the target as sent, without its query.
    virtual std::optional<Refusal> admit(const std::string& client, std::string_view path) = 0;
    // Also for what the front refused by itself.
    virtual void answered(const std::string& client, int status) = 0;
};

}  // namespace lastgood::http
