// HMAC-SHA256 and comparisons that take the same time for right and wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::forge {

// 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);
std::string sha256(std::string_view message);

// The time depends on the lengths alone.
bool same_bytes(std::string_view a, std::string_view b);

// What to compute with: the secrets, or one that nobody has where there is none, so that an app
// without a secret answers no faster.
std::vector<std::string> secrets_or_stand_in(const std::vector<std::string>& secrets);

// Is `sent` (in either case) the HMAC-SHA256 of the message in hex, by one of the secrets? Each of
// them is tried, whichever matches; an empty one counts for nothing.
bool hex_hmac_matches(const std::vector<std::string>& secrets, std::string_view sent,
                      std::string_view message);

}  // namespace lastgood::forge
