// GitHub's wire, after docs.github.com "Validating webhook deliveries" and "Webhook events and
// payloads": HMAC-SHA256 in hex over the raw body, which may be JSON or a form with the JSON in its
// field `payload`. The older X-Hub-Signature (SHA-1) is never looked at.
#include "forge/form.h"
#include "forge/json_fields.h"
#include "forge/mac.h"
#include "forge/providers.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

constexpr std::string_view kPrefix = "sha256=";

Expected<RefUpdate> read_push(std::string_view json) {
    auto fields = JsonFields::read(json, {"ref", "after", "deleted"});
    if (!fields) return fields.error();
    auto ref = fields->ref("ref");
    if (!ref) return ref.error();
    auto after = fields->object_id("after");
    if (!after) return after.error();
    const auto deleted = fields->truth("deleted");
    if (!deleted) return deleted.error();
    return RefUpdate{*ref, *deleted ? std::nullopt : *after};
}

}  // namespace

Verdict verify_github(const Secrets& secrets, const Headers& headers, std::string_view body) {
    const std::string_view header = headers("x-hub-signature-256");
    std::string sent;
    if (header.starts_with(kPrefix)) sent = to_lower(header.substr(kPrefix.size()));
    bool matched = false;
    for (const std::string& secret : secrets_or_stand_in(secrets)) {
        const bool same = same_bytes(sent, hex_encode(hmac_sha256(secret, body)));
        matched |= same && !secret.empty();
    }
    return matched && !secrets.empty() ? Verdict::verified : Verdict::refused;
}

Expected<Delivery> parse_github(const Headers& headers, std::string_view body) {
    auto id = delivery_id(headers("x-github-delivery"), body);
    if (!id) return id.error();
    auto event = event_name("X-GitHub-Event", headers("x-github-event"));
    if (!event) return event.error();
    auto json = json_of(headers("content-type"), body);
    if (!json) return json.error();

    Delivery delivery;
    delivery.id = *id;
    delivery.event = *event;
    if (*event == "ping") delivery.kind = EventKind::ping;
    if (*event != "push") return delivery;
    delivery.kind = EventKind::push;
    auto update = read_push(*json);
    if (!update) return update.error();
    delivery.updates.push_back(*update);
    return delivery;
}

}  // namespace lastgood::forge
