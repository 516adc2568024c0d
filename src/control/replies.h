// The answers that every route gives alike.
#pragma once

#include <optional>
#include <string>

#include "lastgood/control/target.h"
#include "lastgood/http/message.h"

namespace lastgood::control {

http::Response reply(int status, std::string json);
http::Response fault(int status, const std::string& text);
http::Response reply(const Outcome& outcome);
http::Response only(const std::string& methods);  // 405

// A whole number of digits alone, within the bounds.
std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t least,
                                         std::int64_t most);

}  // namespace lastgood::control
