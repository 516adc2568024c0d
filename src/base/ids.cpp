#include "lastgood/base/ids.h"

#include <algorithm>

#include "lastgood/base/strings.h"

namespace lastgood {
namespace {

constexpr std::size_t kSha1Digits = 40;
constexpr std::size_t kSha256Digits = 64;
constexpr std::size_t kAppNameBytesMax = 63;

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}
bool has_id_length(std::string_view text) {
    return text.size() == kSha1Digits || text.size() == kSha256Digits;
}

}  // namespace

std::optional<CommitId> CommitId::parse(std::string_view text) {
    if (!has_id_length(text) || is_zero_object_id(text)) return std::nullopt;
    std::string lowered = to_lower(text);
    if (!std::all_of(lowered.begin(), lowered.end(), is_hex)) return std::nullopt;
    return CommitId(std::move(lowered));
}

bool is_zero_object_id(std::string_view text) {
    return has_id_length(text) && text.find_first_not_of('0') == std::string_view::npos;
}

std::optional<AppName> AppName::parse(std::string_view text) {
    if (text.empty() || text.size() > kAppNameBytesMax || !is_alnum(text.front())) {
        return std::nullopt;
    }
    for (char c : text) {
        if (!is_alnum(c) && c != '-' && c != '_' && c != '.') return std::nullopt;
    }
    return AppName(std::string(text));
}

}  // namespace lastgood
