#include "forge/api_json.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

// What may stand in a query of our own as it is.
bool is_of_query(char c) {
    return c > 0x20 && c < 0x7f && std::string_view("#\"<>\\^`{|}").find(c) == std::string::npos;
}

}  // namespace

std::optional<Json> parse_json(const std::string& text) {
    bool deep = false;
    Json json = Json::parse(
        text,
        [&deep](int depth, Json::parse_event_t, Json&) {
            deep = deep || depth > static_cast<int>(limits::kJsonDepthMax);
            return !deep;
        },
        false);
    if (deep || json.is_discarded()) return std::nullopt;
    return json;
}

std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool truth_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string id_of(const Json& object) {
    const auto found = object.find("id");
    if (found == object.end()) return {};
    if (found->is_number_unsigned()) return std::to_string(found->get<std::uint64_t>());
    if (!found->is_string()) return {};
    auto id = found->get<std::string>();
    const bool safe = std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-';
    });
    return safe && id.size() <= limits::kDeliveryIdBytesMax ? id : std::string{};
}

std::string next_query(std::string_view link) {
    // <https://…?page=2>; rel="next", <https://…?page=5>; rel="last"
    for (std::size_t at = link.find('<'); at != std::string_view::npos;
         at = link.find('<', at + 1)) {
        const std::size_t end = link.find('>', at);
        if (end == std::string_view::npos) return {};
        const std::string_view rest = link.substr(end, link.find('<', end) - end);
        if (rest.find("rel=\"next\"") == std::string_view::npos) continue;
        const std::string_view address = link.substr(at + 1, end - at - 1);
        const std::size_t question = address.find('?');
        if (question == std::string_view::npos) return {};
        const std::string_view query = address.substr(question + 1);
        return std::all_of(query.begin(), query.end(), is_of_query) ? std::string(query) : "";
    }
    return {};
}

}  // namespace lastgood::forge
