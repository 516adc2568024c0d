#include "forge/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "lastgood/base/assert.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string text(const Digest& digest, unsigned length) {
    LG_ASSERT(length == 32);
    return {reinterpret_cast<const char*>(digest.data()), length};
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view message) {
    Digest digest{};
    unsigned length = 0;
    const auto* made =
        HMAC(EVP_sha256(), key.empty() ? "" : key.data(), static_cast<int>(key.size()),
             bytes(message), message.size(), digest.data(), &length);
    LG_ASSERT(made != nullptr);
    return text(digest, length);
}

std::string sha256(std::string_view message) {
    Digest digest{};
    unsigned length = 0;
    const int made =
        EVP_Digest(message.data(), message.size(), digest.data(), &length, EVP_sha256(), nullptr);
    LG_ASSERT(made == 1);
    return text(digest, length);
}

bool same_bytes(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::vector<std::string> secrets_or_stand_in(const std::vector<std::string>& secrets) {
    if (!secrets.empty()) return secrets;
    return {std::string(64, '-')};
}

bool hex_hmac_matches(const std::vector<std::string>& secrets, std::string_view sent,
                      std::string_view message) {
    const std::string signature = to_lower(sent);
    bool matched = false;
    for (const std::string& secret : secrets_or_stand_in(secrets)) {
        const bool same = same_bytes(signature, hex_encode(hmac_sha256(secret, message)));
        matched |= same && !secret.empty();
    }
    return matched && !secrets.empty();
}

}  // namespace lastgood::forge
