#include "forge/standard_webhooks.h"

#include <algorithm>
#include <chrono>

#include "forge/mac.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kVersion = "v1,";
constexpr std::size_t kTimestampDigitsMax = 12;

bool is_recent(std::string_view timestamp, WallTime now) {
    const bool digits = std::all_of(timestamp.begin(), timestamp.end(),
                                    [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || timestamp.empty() || timestamp.size() > kTimestampDigitsMax) return false;
    const WallTime sent{std::chrono::seconds(std::stoll(std::string(timestamp)))};
    return std::chrono::abs(now - sent) <= limits::kSignatureAgeMax;
}

// Nothing for a secret that is no signing token: the config refuses those, and nobody may get in by
// an empty key.
std::string key_of(std::string_view secret) {
    if (!secret.starts_with(kSecretPrefix)) return {};
    return base64_decode(secret.substr(kSecretPrefix.size())).value_or("");
}

std::string signed_text(std::string_view id, std::string_view timestamp, std::string_view body) {
    std::string message;
    message.reserve(id.size() + timestamp.size() + body.size() + 2);
    message.append(id).append(".").append(timestamp).append(".").append(body);
    return message;
}

std::string signature_of(std::string_view key, std::string_view message) {
    return std::string(kVersion) + base64_encode(hmac_sha256(key, message));
}

}  // namespace

std::string standard_webhooks_signature(std::string_view secret, std::string_view id,
                                        std::string_view timestamp, std::string_view body) {
    return signature_of(key_of(secret), signed_text(id, timestamp, body));
}

Verdict verify_standard_webhooks(const std::vector<std::string>& secrets, const Headers& headers,
                                 std::string_view body, WallTime now) {
    const std::string_view id = headers("webhook-id");
    const std::string_view timestamp = headers("webhook-timestamp");
    const std::string message = signed_text(id, timestamp, body);

    auto offered = split(headers("webhook-signature"), ' ');
    const bool too_many = offered.size() > limits::kSignaturesMax;
    if (too_many) offered.clear();

    bool matched = false;
    for (const std::string& secret : secrets_or_stand_in(secrets)) {
        const std::string key = key_of(secret);
        // Compared as text: decoding would let several spellings of one signature pass.
        const std::string expected = signature_of(key, message);
        for (const std::string& signature : offered) {
            matched |= same_bytes(signature, expected) && !key.empty();
        }
    }
    const bool complete = !id.empty() && is_recent(timestamp, now) && !secrets.empty();
    return matched && complete ? Verdict::verified : Verdict::refused;
}

}  // namespace lastgood::forge
