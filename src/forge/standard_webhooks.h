// Signatures as the Standard Webhooks specification has them (GitLab's signing tokens are these).
//
// Signed is "ID.TIMESTAMP.BODY"; the key is the base64-decoded part of the secret after "whsec_";
// the header lists "v1,BASE64" separated by spaces, one of which must match.
#pragma once

#include "lastgood/forge/forge.h"

namespace lastgood::forge {

Verdict verify_standard_webhooks(const std::vector<std::string>& secrets, const Headers& headers,
                                 std::string_view body, WallTime now);

}  // namespace lastgood::forge
