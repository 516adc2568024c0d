// The dates of HTTP's headers (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT", to the second.
#pragma once

#include <optional>
#include <string_view>

#include "lastgood/base/time.h"

namespace lastgood {

// Nothing: it is none. The two forms that RFC 9110 calls obsolete are none either.
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace lastgood
