// The headers are those that each forge's source file reads, with where they are documented.
#include "lastgood/forge/sign.h"

#include <string_view>

#include "forge/mac.h"
#include "forge/standard_webhooks.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using core::Provider;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// `other` is an event that each of them has, and that says nothing about a ref.
std::string hub_event(EventKind kind) {
    switch (kind) {
        case EventKind::push:
            return "push";
        case EventKind::ping:
            return "ping";
        case EventKind::other:
            break;
    }
    return "issues";
}

Pairs github(const OutgoingDelivery& delivery) {
    return {{"X-GitHub-Event", hub_event(delivery.kind)},
            {"X-GitHub-Delivery", delivery.id},
            {"X-Hub-Signature-256",
             "sha256=" + hex_encode(hmac_sha256(delivery.secret, delivery.body))}};
}

// Gitea, Forgejo and Gogs differ in the name alone.
Pairs gitea_like(const OutgoingDelivery& delivery, const std::string& name) {
    return {{"X-" + name + "-Event", hub_event(delivery.kind)},
            {"X-" + name + "-Delivery", delivery.id},
            {"X-" + name + "-Signature", hex_encode(hmac_sha256(delivery.secret, delivery.body))}};
}

// Only Data Center has a test of its own, and names its deliveries otherwise than Cloud.
Pairs bitbucket(const OutgoingDelivery& delivery) {
    const bool ping = delivery.kind == EventKind::ping;
    const bool push = delivery.kind == EventKind::push;
    return {
        {"X-Event-Key", ping   ? "diagnostics:ping"
                        : push ? "repo:push"
                               : "issue:created"},
        {ping ? "X-Request-Id" : "X-Request-UUID", delivery.id},
        {"X-Hub-Signature", "sha256=" + hex_encode(hmac_sha256(delivery.secret, delivery.body))}};
}

Pairs standard(const OutgoingDelivery& delivery, WallTime now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::string timestamp = std::to_string(seconds);
    return {{"webhook-id", delivery.id},
            {"webhook-timestamp", timestamp},
            {"webhook-signature",
             standard_webhooks_signature(delivery.secret, delivery.id, timestamp, delivery.body)}};
}

std::string gitlab_event(EventKind kind) {
    return kind == EventKind::push ? "Push Hook" : "Note Hook";
}

Pairs own_headers(const OutgoingDelivery& delivery, WallTime now) {
    switch (delivery.provider) {
        case Provider::github:
            return github(delivery);
        case Provider::gitlab: {
            Pairs headers = standard(delivery, now);
            headers.emplace_back("X-Gitlab-Event", gitlab_event(delivery.kind));
            return headers;
        }
        case Provider::gitlab_token:
            return {{"X-Gitlab-Event", gitlab_event(delivery.kind)},
                    {"Idempotency-Key", delivery.id},
                    {"X-Gitlab-Token", delivery.secret}};
        case Provider::gitea:
            return gitea_like(delivery, "Gitea");
        case Provider::forgejo:
            return gitea_like(delivery, "Forgejo");
        case Provider::gogs:
            return gitea_like(delivery, "Gogs");
        case Provider::bitbucket:
            return bitbucket(delivery);
        case Provider::standard:
            break;
    }
    return standard(delivery, now);
}

}  // namespace

Pairs signed_headers(const OutgoingDelivery& delivery, WallTime now) {
    Pairs headers = own_headers(delivery, now);
    headers.emplace(headers.begin(), "Content-Type", "application/json");
    return headers;
}

std::string ping_body(core::Provider provider) {
    switch (provider) {
        case Provider::github:
            return R"({"zen":"Keep it logically awesome.","hook_id":1,"hook":{"type":"Repository"}})";
        case Provider::gitlab:
        case Provider::gitlab_token:
            return R"({"object_kind":"note","event_type":"note"})";
        case Provider::gitea:
        case Provider::forgejo:
        case Provider::gogs:
            return R"({"repository":{}})";
        case Provider::bitbucket:
            return R"({"test":true})";
        case Provider::standard:
            break;
    }
    return R"({"type":"ping","data":{}})";
}

}  // namespace lastgood::forge
