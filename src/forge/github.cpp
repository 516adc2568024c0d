// GitHub's wire, after docs.github.com "Validating webhook deliveries" and "Webhook events and
// payloads": HMAC-SHA256 in hex over the raw body, which may be JSON or a form with the JSON in its
// field `payload`. The older X-Hub-Signature (SHA-1) is never looked at.
#include "forge/hub_push.h"
#include "forge/mac.h"
#include "forge/providers.h"

namespace lastgood::forge {

Verdict verify_github(const Secrets& secrets, const Headers& headers, std::string_view body) {
    const std::string_view sent = sha256_part(headers("x-hub-signature-256"));
    return hex_hmac_matches(secrets, sent, body) ? Verdict::verified : Verdict::refused;
}

Expected<Delivery> parse_github(const Headers& headers, std::string_view body) {
    return parse_hub("GitHub", headers, body);
}

}  // namespace lastgood::forge
