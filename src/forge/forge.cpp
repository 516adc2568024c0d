#include "lastgood/forge/forge.h"

#include <algorithm>

#include "forge/form.h"
#include "forge/mac.h"
#include "forge/providers.h"
#include "forge/standard_webhooks.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

constexpr std::size_t kIdHashDigits = 32;

bool is_plain_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

Expected<std::string> delivery_id(std::string_view sent, std::string_view body) {
    if (sent.empty()) return "sha256:" + hex_encode(sha256(body)).substr(0, kIdHashDigits);
    if (sent.size() > limits::kDeliveryIdBytesMax) {
        return Error{"the delivery id is longer than " +
                         std::to_string(limits::kDeliveryIdBytesMax) + " bytes",
                     ""};
    }
    if (!is_plain_ascii(sent)) return Error{"the delivery id has unprintable characters", ""};
    return std::string(sent);
}

Expected<std::string> event_name(std::string_view where, std::string_view sent) {
    if (sent.empty()) return Error{std::string(where) + " is missing", ""};
    if (sent.size() > limits::kEventNameBytesMax || !is_plain_ascii(sent)) {
        return Error{std::string(where) + " is malformed", ""};
    }
    return std::string(sent);
}

std::string_view sha256_part(std::string_view signature) {
    constexpr std::string_view kPrefix = "sha256=";
    return signature.starts_with(kPrefix) ? signature.substr(kPrefix.size()) : std::string_view{};
}

Expected<Opened> open_delivery(std::string_view sent_id, const std::string& event_header,
                               const Headers& headers, std::string_view body) {
    auto id = delivery_id(sent_id, body);
    if (!id) return id.error();
    auto event = event_name("the header " + event_header, headers(to_lower(event_header)));
    if (!event) return event.error();
    auto json = json_of(headers("content-type"), body);
    if (!json) return json.error();
    Opened opened;
    opened.delivery.id = *std::move(id);
    opened.delivery.event = *std::move(event);
    opened.json = *std::move(json);
    return opened;
}

Verdict verify(core::Provider provider, const std::vector<std::string>& secrets,
               const Headers& headers, std::string_view body, WallTime now) {
    switch (provider) {
        case core::Provider::github:
            return verify_github(secrets, headers, body);
        case core::Provider::gitlab:
            return verify_gitlab(secrets, headers, body, now);
        case core::Provider::gitlab_token:
            return verify_gitlab_token(secrets, headers);
        case core::Provider::gitea:
            return verify_gitea("Gitea", secrets, headers, body);
        case core::Provider::forgejo:
            return verify_gitea("Forgejo", secrets, headers, body);
        case core::Provider::gogs:
            return verify_gitea("Gogs", secrets, headers, body);
        case core::Provider::bitbucket:
            return verify_bitbucket(secrets, headers, body);
        case core::Provider::standard:
            return verify_standard_webhooks(secrets, headers, body, now);
    }
    return Verdict::refused;
}

Expected<Delivery> parse(core::Provider provider, const Headers& headers, std::string_view body) {
    auto read = [&]() -> Expected<Delivery> {
        switch (provider) {
            case core::Provider::github:
                return parse_github(headers, body);
            case core::Provider::gitlab:
            case core::Provider::gitlab_token:
                return parse_gitlab(headers, body);
            case core::Provider::gitea:
                return parse_gitea("Gitea", headers, body);
            case core::Provider::forgejo:
                return parse_gitea("Forgejo", headers, body);
            case core::Provider::gogs:
                return parse_gitea("Gogs", headers, body);
            case core::Provider::bitbucket:
                return parse_bitbucket(headers, body);
            case core::Provider::standard:
                return parse_standard(headers, body);
        }
        return Error{"the provider is unknown", ""};
    };
    auto delivery = read();
    if (!delivery) return delivery;
    delivery->provider = core::to_string(provider);
    delivery->bytes = body.size();
    return delivery;
}

}  // namespace lastgood::forge
