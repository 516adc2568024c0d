// Takes a stream of server-sent events apart.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lastgood::cli {

class EventReader {
  public:
    // `on_data` gets the data of each whole event. False from it, or from a peer that sends an
    // event without end, ends the reading.
    bool feed(std::string_view bytes, const std::function<bool(const std::string& data)>& on_data);

  private:
    bool take_line(std::string_view line, const std::function<bool(const std::string&)>& on_data);

    std::string pending_;  // of a line
    std::string data_;     // of an event
};

}  // namespace lastgood::cli
