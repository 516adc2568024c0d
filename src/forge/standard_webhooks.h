// Signatures as the Standard Webhooks specification has them (GitLab's signing tokens are these).
//
// Signed is "ID.TIMESTAMP.BODY"; the key is the base64-decoded part of the secret after "whsec_";
// the header lists "v1,BASE64" separated by spaces, one of which must match.
#pragma once

#include "lastgood/forge/forge.h"

namespace lastgood::forge {

Verdict verify_standard_webhooks(const std::vector<std::string>& secrets, const Headers& headers,
                                 std::string_view body, WallTime now);

// One entry of the header, made with a secret "whsec_…".
std::string standard_webhooks_signature(std::string_view secret, std::string_view id,
                                        std::string_view timestamp, std::string_view body);

}  // namespace lastgood::forge
