#include "cli/event_reader.h"

#include <utility>

namespace lastgood::cli {
namespace {

constexpr std::size_t kIdBytesMax = 1024;

}  // namespace

bool EventReader::feed(std::string_view bytes, const OnEvent& on_event) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        if (end == std::string_view::npos) {
            pending_ += bytes;
            return pending_.size() + event_.data.size() <= bytes_max_;
        }
        std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 1);
        const std::string whole = std::exchange(pending_, {}).append(line);
        line = whole;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (event_.data.size() + line.size() > bytes_max_) return false;
        if (!take_line(line, on_event)) return false;
    }
    return true;
}

bool EventReader::take_line(std::string_view line, const OnEvent& on_event) {
    if (line.empty()) {
        const ServerEvent event = std::exchange(event_, {});
        return event.data.empty() || on_event(event);
    }
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
        if (!event_.data.empty()) event_.data += '\n';
        event_.data += value;
    } else if (field == "event") {
        event_.type = value;
    } else if (field == "id" && value.size() <= kIdBytesMax) {
        last_id_ = value;
    }
    return true;  // a comment, or a field that means nothing to us
}

}  // namespace lastgood::cli
