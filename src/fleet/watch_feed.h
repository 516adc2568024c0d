// The stream of a watch, byte by byte, as what it says (pure).
//
// Messages are JSON objects, one a line. Several ranges share the stream; the order of revisions
// holds in each of them. What is older than was asked for is left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/etcd_json.h"

namespace lastgood::fleet {

class WatchFeed {
  public:
    explicit WatchFeed(const std::vector<WatchAsk>& asks) : asks_(asks) {}

    // False: the stream is over, and end() says why.
    bool take(std::string_view bytes, const std::function<bool(WatchNews)>& on_news);
    // The connection ended without a word.
    void broke(const Error& error);

    [[nodiscard]] bool ended() const { return end_.has_value(); }
    // Once ended.
    [[nodiscard]] const WatchEnd& end() const;

  private:
    bool take_line(std::string_view line, const std::function<bool(WatchNews)>& on_news);
    bool take_message(WatchMessage message, const std::function<bool(WatchNews)>& on_news);
    bool over(WatchEnd::Kind kind, Error error, Revision compacted = 0);

    const std::vector<WatchAsk> asks_;
    std::string rest_;  // of a line that is not whole yet
    std::optional<WatchEnd> end_;
};

// Of a gRPC code and message: who may not, and what is gone. Nothing: it may pass.
std::optional<Failure::Kind> sure_kind(const EtcdError& error);

}  // namespace lastgood::fleet
