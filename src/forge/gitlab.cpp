// GitLab's wire, after docs.gitlab.com "Webhooks" and "Webhook events": signing tokens are Standard
// Webhooks; the older X-Gitlab-Token is the bare secret and proves nothing about the body, so it
// counts only where the config asks for it (provider gitlab-token).
#include "forge/form.h"
#include "forge/json_fields.h"
#include "forge/mac.h"
#include "forge/providers.h"
#include "forge/standard_webhooks.h"

namespace lastgood::forge {
namespace {

enum class Push { none, branch, tag };

// System hooks say what they are in the body alone, older ones as `event_name`.
Expected<Push> push_kind(const std::string& event, const JsonFields& fields) {
    if (event == "Push Hook") return Push::branch;
    if (event == "Tag Push Hook") return Push::tag;
    auto kind = fields.text("object_kind");
    if (kind && !*kind) kind = fields.text("event_name");
    if (!kind) return kind.error();
    if (*kind == "push") return Push::branch;
    if (*kind == "tag_push") return Push::tag;
    return Push::none;
}

Expected<RefUpdate> read_push(Push kind, const JsonFields& fields) {
    auto ref = fields.ref("ref");
    if (!ref) return ref.error();
    auto after = fields.object_id("after");
    if (!after) return after.error();
    // `after` of an annotated tag is the tag object, `checkout_sha` the commit that it names.
    const auto commit = fields.text("checkout_sha");
    if (!commit) return commit.error();
    if (kind == Push::tag && *after && *commit) {
        after = fields.object_id("checkout_sha");
        if (!after) return after.error();
    }
    return RefUpdate{*ref, *after};
}

std::string_view sent_id(const Headers& headers) {
    // The same for each try of one delivery; X-Gitlab-Event-UUID is also shared by the hooks that a
    // hook's work set off, so it comes last.
    for (const auto* name : {"webhook-id", "idempotency-key", "x-gitlab-event-uuid"}) {
        if (const std::string_view id = headers(name); !id.empty()) return id;
    }
    return {};
}

}  // namespace

Verdict verify_gitlab(const Secrets& secrets, const Headers& headers, std::string_view body,
                      WallTime now) {
    return verify_standard_webhooks(secrets, headers, body, now);
}

Verdict verify_gitlab_token(const Secrets& secrets, const Headers& headers) {
    // Hashed first, so that the time says nothing about the length.
    constexpr std::string_view kKey = "X-Gitlab-Token";
    const std::string_view token = headers("x-gitlab-token");
    const std::string sent = hmac_sha256(kKey, token);
    bool matched = false;
    for (const std::string& secret : secrets_or_stand_in(secrets)) {
        matched |= same_bytes(sent, hmac_sha256(kKey, secret));
    }
    return matched && !token.empty() && !secrets.empty() ? Verdict::verified : Verdict::refused;
}

Expected<Delivery> parse_gitlab(const Headers& headers, std::string_view body) {
    auto id = delivery_id(sent_id(headers), body);
    if (!id) return id.error();
    auto event = event_name("X-Gitlab-Event", headers("x-gitlab-event"));
    if (!event) return event.error();
    auto json = json_of(headers("content-type"), body);
    if (!json) return json.error();

    Delivery delivery;
    delivery.id = *id;
    delivery.event = *event;
    if (*event != "Push Hook" && *event != "Tag Push Hook" && *event != "System Hook") {
        return delivery;
    }
    const auto fields =
        JsonFields::read(*json, {"ref", "after", "checkout_sha", "object_kind", "event_name"});
    if (!fields) return fields.error();
    const auto kind = push_kind(*event, *fields);
    if (!kind) return kind.error();
    if (*kind == Push::none) return delivery;
    auto update = read_push(*kind, *fields);
    if (!update) return update.error();
    delivery.kind = EventKind::push;
    delivery.updates.push_back(*update);
    return delivery;
}

}  // namespace lastgood::forge
