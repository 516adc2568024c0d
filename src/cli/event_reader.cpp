#include "cli/event_reader.h"

#include <utility>

namespace lastgood::cli {
namespace {

constexpr std::size_t kEventBytesMax = 1 << 20;

}  // namespace

bool EventReader::feed(std::string_view bytes,
                       const std::function<bool(const std::string& data)>& on_data) {
    pending_ += bytes;
    for (std::size_t end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n')) {
        std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        if (!take_line(line, on_data)) return false;
    }
    return pending_.size() + data_.size() <= kEventBytesMax;
}

bool EventReader::take_line(std::string_view line,
                            const std::function<bool(const std::string&)>& on_data) {
    constexpr std::string_view kData = "data:";
    if (line.empty()) return data_.empty() || on_data(std::exchange(data_, {}));
    if (!line.starts_with(kData)) return true;  // a comment, or a field that means nothing to us
    line.remove_prefix(kData.size());
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!data_.empty()) data_ += '\n';
    data_ += line;
    return true;
}

}  // namespace lastgood::cli
