// An http(s) address, taken apart and put together again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lastgood/base/error.h"

namespace lastgood {

struct Url {
    bool secure = false;       // https
    std::string host;          // lower case; an IPv6 address without its brackets
    std::uint16_t port = 0;    // the scheme's own where none was written
    std::string target = "/";  // path and query, as they go into a request line

    [[nodiscard]] std::string authority() const;  // "host", "host:8443", "[::1]:8080"
    [[nodiscard]] std::string origin() const;     // "https://host:8443"
    [[nodiscard]] std::string text() const;       // origin and target
    [[nodiscard]] std::string path() const;       // of the target, without the query
    bool operator==(const Url&) const = default;
};

// No user, no password, no fragment, no spaces, nothing but ASCII. Errors are worded to go after
// "KEY: ".
Expected<Url> parse_url(std::string_view text);

}  // namespace lastgood
