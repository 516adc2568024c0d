// What a relay tells of one webhook request, as smee.io and its kin do: a JSON object with the
// headers by name, the body and more (pure).
//
// Of all that only the body and the headers that a forge's delivery consists of are used; where it
// goes is for the config alone. Signatures are over bytes, so the body is taken as it stands in the
// text. `rawBody` and `bodyB` (base64) hold the very bytes; `body` holds what the relay has made of
// them, which for compact JSON, as GitHub, Gitea and Forgejo send it, is the same.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lastgood/base/error.h"

namespace lastgood::cli {

struct RelayedRequest {
    std::vector<std::pair<std::string, std::string>> headers;  // lower-case names
    std::string body;
    bool raw = false;  // the relay keeps the bytes
    [[nodiscard]] std::string_view header(std::string_view name) const;
    // For people: "push 72d3162e-…".
    [[nodiscard]] std::string name() const;
};

// An Error is a message that can't be passed on, and says why.
Expected<RelayedRequest> read_message(std::string_view data);

}  // namespace lastgood::cli
