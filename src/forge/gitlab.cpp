// GitLab's wire, after docs.gitlab.com "Webhooks" and "Webhook events": signing tokens are Standard
// Webhooks; the older X-Gitlab-Token is the bare secret and proves nothing about the body, so it
// counts only where the config asks for it (provider gitlab-token).
#include "forge/json_fields.h"
#include "forge/mac.h"
#include "forge/providers.h"
#include "forge/standard_webhooks.h"

namespace lastgood::forge {
namespace {

// What a hook says: one ref moved, or (a system hook only) many at once.
enum class Kind { none, branch, tag, many };

const JsonFields::Paths& addresses() {
    static const JsonFields::Paths paths = {
        "project.git_http_url", "project.git_ssh_url",     "project.web_url",
        "repository.url",       "repository.git_http_url", "repository.git_ssh_url",
        "repository.homepage",
    };
    return paths;
}

JsonFields::Paths wanted() {
    JsonFields::Paths paths = {"ref",        "after",         "checkout_sha",   "object_kind",
                               "event_name", "changes[].ref", "changes[].after"};
    paths.insert(paths.end(), addresses().begin(), addresses().end());
    return paths;
}

// System hooks say what they are in the body alone, older ones as `event_name`.
Expected<Kind> kind_of(const std::string& event, const JsonFields& fields) {
    if (event == "Push Hook") return Kind::branch;
    if (event == "Tag Push Hook") return Kind::tag;
    if (event != "System Hook") return Kind::none;
    auto kind = fields.text("object_kind");
    if (kind && !*kind) kind = fields.text("event_name");
    if (!kind) return kind.error();
    if (*kind == "push") return Kind::branch;
    if (*kind == "tag_push") return Kind::tag;
    if (*kind == "repository_update") return Kind::many;
    return Kind::none;
}

Expected<RefUpdate> read_one(const JsonFields& fields, const std::string& outer) {
    auto ref = fields.ref(outer + "ref");
    if (!ref) return ref.error();
    auto after = fields.object_id(outer + "after");
    if (!after) return after.error();
    return RefUpdate{*ref, *after};
}

Expected<std::vector<RefUpdate>> read_updates(Kind kind, const JsonFields& fields) {
    std::vector<RefUpdate> updates;
    if (kind == Kind::many) {
        const auto count = fields.elements("changes");
        if (!count) return count.error();
        for (std::size_t i = 0; i < *count; ++i) {
            auto update = read_one(fields, element_path("changes", i) + ".");
            if (!update) return update.error();
            updates.push_back(*std::move(update));
        }
        return updates;
    }
    auto update = read_one(fields, "");
    if (!update) return update.error();
    // `after` of an annotated tag is the tag object, `checkout_sha` the commit that it names.
    if (kind == Kind::tag && update->after && fields.has("checkout_sha")) {
        auto commit = fields.object_id("checkout_sha");
        if (!commit) return commit.error();
        update->after = *commit;
    }
    updates.push_back(*std::move(update));
    return updates;
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
    auto opened = open_delivery(sent_id(headers), "X-Gitlab-Event", headers, body);
    if (!opened) return opened.error();
    Delivery delivery = std::move(opened->delivery);
    const std::string event = delivery.event;
    const bool may_push =
        event == "Push Hook" || event == "Tag Push Hook" || event == "System Hook";
    const auto fields = JsonFields::read(opened->json, wanted());
    if (!fields && !may_push) return delivery;
    if (!fields) return fields.error();
    delivery.repository_urls = fields->addresses(addresses());
    const auto kind = kind_of(event, *fields);
    if (!kind) return kind.error();
    if (*kind == Kind::none) return delivery;
    auto updates = read_updates(*kind, *fields);
    if (!updates) return updates.error();
    delivery.updates = *std::move(updates);
    if (!delivery.updates.empty()) delivery.kind = EventKind::push;
    return delivery;
}

}  // namespace lastgood::forge
