// How easily a secret is guessed.
#include <algorithm>
#include <set>

#include "cli/doctor/judge.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::diagnosis {
namespace {

// Long ones first: they may hold short ones.
constexpr std::string_view kKnown[] = {
    "abcdefghijklmnopqrstuvwxyz",
    "abcdefghijklmnop",
    "0123456789abcdef",
    "qwertyuiopasdfgh",
    "1234567890",
    "0123456789",
    "correcthorsebatterystaple",
    "qwertyuiop",
    "123456789",
    "lastgood",
    "changeit",
    "changeme",
    "password",
    "passw0rd",
    "letmein",
    "default",
    "webhook",
    "example",
    "bitbucket",
    "forgejo",
    "replace",
    "secret",
    "github",
    "gitlab",
    "please",
    "qwerty",
    "123456",
    "s3cret",
    "abcdef",
    "token",
    "super",
    "admin",
    "gitea",
    "hook",
    "test",
    "your",
    "this",
    "very",
    "my",
    "me",
};
constexpr std::size_t kOwnMin = 6;        // characters that no known word gives
constexpr std::size_t kDifferentMin = 4;  // of sixteen random digits next to none have fewer

std::string own_part(std::string_view secret) {
    std::string text;
    for (const char c : to_lower(std::string(secret))) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) text += c;
        if (static_cast<unsigned char>(c) >= 0x80) text += c;
    }
    for (const std::string_view word : kKnown) {
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
            text.erase(at, word.size());
        }
    }
    return text;
}

}  // namespace

std::string weakness_of(std::string_view secret) {
    constexpr std::string_view kToken = "whsec_";
    if (secret.starts_with(kToken)) {
        const auto key = base64_decode(secret.substr(kToken.size()));
        if (key) return weakness_of(*key);
    }
    if (secret.size() < limits::kSecretBytesMin) {
        return "has less than " + std::to_string(limits::kSecretBytesMin) + " bytes";
    }
    const std::set<char> different(secret.begin(), secret.end());
    if (different.size() == 1) return "is one character, repeated";
    if (different.size() < kDifferentMin) {
        return "has only " + std::to_string(different.size()) + " different characters";
    }
    const bool readable = std::all_of(secret.begin(), secret.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    });
    if (readable && own_part(secret).size() < kOwnMin) return "is made of well-known words";
    return "";
}

}  // namespace lastgood::cli::diagnosis
