// The header block of a request, parsed and checked: everything about it that can be refused is
// refused here, before a byte of the body is looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lastgood/http/doorkeeper.h"
#include "lastgood/http/front.h"

namespace lastgood::http {

struct Head {
    std::string method;
    std::string target;
    int minor_version = 1;                                     // HTTP/1.x
    std::vector<std::pair<std::string, std::string>> headers;  // lower-case names
    std::uint64_t content_length = 0;
    bool expect_continue = false;
    bool close = false;  // the sender wants no further request on this connection
};

// `block` ends with the empty line; its lines end with CRLF (the gatherer made sure).
std::variant<Head, Refusal> parse_head(std::string_view block, const FrontLimits& limits);

}  // namespace lastgood::http
