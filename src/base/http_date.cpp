#include "lastgood/base/http_date.h"

#include <ctime>
#include <string>

namespace lastgood {

std::optional<WallTime> parse_http_date(std::string_view text) {
    std::tm parts{};
    const std::string owned(text);
    const char* end = strptime(owned.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return WallTime(std::chrono::seconds(timegm(&parts)));
}

}  // namespace lastgood
