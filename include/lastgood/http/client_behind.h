// Whom a proxy speaks for.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lastgood/base/network.h"

namespace lastgood::http {

// The address that the X-Forwarded-For of `headers` (lower-case names) leads to, if `peer`, which
// connected, is trusted: from its end, each hop that a trusted one named, until the first that
// isn't trusted itself. What isn't an address ends the way. Pure.
IpAddress client_behind(const std::vector<Network>& trusted, const IpAddress& peer,
                        const std::vector<std::pair<std::string, std::string>>& headers);

}  // namespace lastgood::http
