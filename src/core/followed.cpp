#include "lastgood/core/followed.h"

#include <fnmatch.h>

#include <algorithm>

namespace lastgood::core {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The next run of digits or of others, a hyphen always alone; taken off `rest`.
std::string_view next_part(std::string_view& rest) {
    std::size_t length = 1;
    if (rest.front() != '-') {
        const bool digits = is_digit(rest.front());
        while (length < rest.size() && rest[length] != '-' && is_digit(rest[length]) == digits) {
            ++length;
        }
    }
    const std::string_view part = rest.substr(0, length);
    rest.remove_prefix(length);
    return part;
}

int compare_numbers(std::string_view a, std::string_view b) {
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    return a.compare(b);
}

int compare_parts(std::string_view a, std::string_view b) {
    if (is_digit(a.front()) && is_digit(b.front())) return compare_numbers(a, b);
    return a.compare(b);
}

}  // namespace

bool Followed::holds(std::string_view ref) const {
    if (!by_tags()) return ref.starts_with(kHeads) && ref.substr(kHeads.size()) == branch;
    if (!ref.starts_with(kTags)) return false;
    return fnmatch(tags.c_str(), std::string(ref.substr(kTags.size())).c_str(), 0) == 0;
}

std::string Followed::text() const {
    return by_tags() ? "tags " + tags : "branch " + branch;
}

bool older_version(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        const std::string_view part_a = next_part(a);
        const std::string_view part_b = next_part(b);
        const int order = compare_parts(part_a, part_b);
        if (order == 0) continue;
        // A pre-release of what goes on otherwise there: v1-rc1 and v1.0.
        if (part_a == "-" || part_b == "-") return part_a == "-";
        return order < 0;
    }
    if (a.empty() == b.empty()) return false;
    return a.empty() ? b.front() != '-' : a.front() == '-';
}

}  // namespace lastgood::core
