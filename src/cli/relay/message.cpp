#include "cli/relay/message.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/relay/members.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

// All that any forge's signature, event and delivery id are in, and nothing else.
constexpr std::array<std::string_view, 28> kPassedOn = {
    "content-type",       "x-hub-signature-256", "x-hub-signature",     "x-github-event",
    "x-github-delivery",  "x-gitea-signature",   "x-gitea-event",       "x-gitea-event-type",
    "x-gitea-delivery",   "x-forgejo-signature", "x-forgejo-event",     "x-forgejo-event-type",
    "x-forgejo-delivery", "x-gogs-signature",    "x-gogs-event",        "x-gogs-event-type",
    "x-gogs-delivery",    "x-gitlab-event",      "x-gitlab-event-uuid", "x-gitlab-token",
    "idempotency-key",    "webhook-id",          "webhook-timestamp",   "webhook-signature",
    "webhook-event",      "x-event-key",         "x-request-uuid",      "x-request-id",
};

std::optional<std::string> text_of(std::string_view value) {
    const auto parsed = nlohmann::json::parse(value, nullptr, false);
    if (!parsed.is_string()) return std::nullopt;
    return parsed.get<std::string>();
}

bool is_header_value(std::string_view value) {
    return value.size() <= limits::kRelayHeaderBytesMax &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c != 127; });
}

// A body as text is JSON, or a form: neither is base64, which has no `{` and no `%`.
std::string raw_body(const std::string& text) {
    if (text.starts_with('{') || text.starts_with("payload=")) return text;
    return base64_decode(text).value_or(text);
}

bool take_body(const JsonMember& member, RelayedRequest& request) {
    const bool raw = member.key == "rawBody" || member.key == "bodyB";
    if (!raw && (member.key != "body" || request.raw)) return false;
    const auto text = text_of(member.value);
    if (raw && !text) return false;
    request.raw = raw;
    if (raw) {
        request.body = raw_body(*text);
    } else {
        request.body = text ? *text : std::string(member.value);
    }
    return true;
}

}  // namespace

std::string_view RelayedRequest::header(std::string_view name) const {
    const auto found = std::find_if(headers.begin(), headers.end(),
                                    [name](const auto& header) { return header.first == name; });
    return found == headers.end() ? std::string_view{} : found->second;
}

std::string RelayedRequest::name() const {
    std::string_view event = "request";
    std::string_view id;
    for (const auto& [name, value] : headers) {
        if (name.ends_with("-event") || name == "x-event-key") event = value;
        const bool is_id = name.ends_with("-delivery") || name.ends_with("-uuid") ||
                           name == "webhook-id" || name == "x-request-id";
        if (is_id && id.empty()) id = value;
    }
    return printable(event, 100) + (id.empty() ? "" : " " + printable(id, 100));
}

Expected<RelayedRequest> read_message(std::string_view data) {
    const auto members = json_members(data);
    if (!members) return Error{"an event that is no JSON object", {}};
    RelayedRequest request;
    bool has_body = false;
    for (const JsonMember& member : *members) {
        has_body = take_body(member, request) || has_body;
        const std::string name = to_lower(member.key);
        if (std::find(kPassedOn.begin(), kPassedOn.end(), name) == kPassedOn.end()) continue;
        const auto value = text_of(member.value);
        if (!value || !is_header_value(*value) || !request.header(name).empty()) {
            return Error{"an event whose header " + name + " is none", {}};
        }
        request.headers.emplace_back(name, *value);
    }
    if (!has_body || request.body.empty()) return Error{"an event without a body", {}};
    const bool form =
        request.header("content-type").starts_with("application/x-www-form-urlencoded");
    if (form && !request.raw) {
        return Error{request.name() +
                         ": it was sent as a form, and the relay keeps only what it "
                         "read out of that: the signed bytes are lost",
                     "set the hook's content type to application/json at the forge"};
    }
    return request;
}

}  // namespace lastgood::cli
