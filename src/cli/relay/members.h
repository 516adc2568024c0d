// The members of a JSON object as they stand in its text: the bytes of a value are what somebody
// signed, and no parser that makes values of them gives them back unchanged (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastgood::cli {

struct JsonMember {
    std::string_view key;    // without its quotes, escapes as written
    std::string_view value;  // its text, without space around it
};

// Nothing where the text is no object, or has more than kRelayMembersMax members. Inside of values
// only strings and nesting are looked at: whoever uses one reads it with a parser.
std::optional<std::vector<JsonMember>> json_members(std::string_view text);

}  // namespace lastgood::cli
