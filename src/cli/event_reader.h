// Takes a stream of server-sent events apart.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace lastgood::cli {

struct ServerEvent {
    std::string type;  // empty where the stream names none: a message
    std::string data;
};

class EventReader {
  public:
    static constexpr std::size_t kBytesMax = 1 << 20;
    // `bytes_max`: of one event.
    explicit EventReader(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

    using OnEvent = std::function<bool(const ServerEvent& event)>;
    // `on_event` gets each whole event that has data. False from it, or from a peer that sends an
    // event without end, ends the reading. One that the stream ends in the middle of is no event.
    bool feed(std::string_view bytes, const OnEvent& on_event);

    // Of the last event that had one, for Last-Event-ID.
    [[nodiscard]] const std::string& last_id() const { return last_id_; }

  private:
    bool take_line(std::string_view line, const OnEvent& on_event);

    std::size_t bytes_max_;
    std::string pending_;  // of a line
    ServerEvent event_;
    std::string last_id_;
};

}  // namespace lastgood::cli
