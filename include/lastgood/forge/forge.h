// Bytes to deliveries, pure: is the request signed by one of the secrets, and what does it say?
//
// The order is fixed: verify() looks at raw bytes and headers alone; parse() is called only after
// it said yes, so no stranger's byte reaches the JSON parser. Rules of each forge's wire are in the
// source of each provider, with where they come from.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/time.h"
#include "lastgood/core/provider.h"
#include "lastgood/forge/delivery.h"

namespace lastgood::forge {

// The value of a header by its lower-case name, empty where it is missing.
using Headers = std::function<std::string_view(std::string_view lower_case_name)>;

enum class Verdict { verified, refused };

// Constant time in the secret and the signature. `now` is for signatures that carry a timestamp
// (±5 minutes). With no secrets: refused, after the same work.
Verdict verify(core::Provider provider, const std::vector<std::string>& secrets,
               const Headers& headers, std::string_view body, WallTime now);

// The body of a verified request. An Error is a malformed request (400) and says what is wrong.
Expected<Delivery> parse(core::Provider provider, const Headers& headers, std::string_view body);

// The body of a verified question for what became of a delivery, {"delivery":ID}: the id.
Expected<std::string> parse_status_question(std::string_view body);

}  // namespace lastgood::forge
