// Bitbucket's wire, Cloud's and Data Center's in one, after support.atlassian.com "Event payloads",
// "Secure webhooks" and confluence.atlassian.com "Event payload": HMAC-SHA256 in hex over the raw
// body, in X-Hub-Signature, a name that others use for SHA-1: only "sha256=" counts. A push may
// move many refs.
#include "forge/json_fields.h"
#include "forge/mac.h"
#include "forge/providers.h"

namespace lastgood::forge {
namespace {

using Updates = std::vector<RefUpdate>;

const JsonFields::Paths& wanted() {
    static const JsonFields::Paths paths = {
        "push.changes[].new.type",
        "push.changes[].new.name",
        "push.changes[].new.target.hash",
        "push.changes[].old.type",
        "push.changes[].old.name",
        "changes[].ref.id",
        "changes[].toHash",
        "changes[].type",
        "repository.links.html.href",
        "repository.links.clone[].href",
        "repository.links.self[].href",
    };
    return paths;
}

// Empty for what is no ref of git's (Mercurial's bookmarks).
Expected<std::string> prefix_of(const JsonFields& fields, const std::string& path) {
    auto type = fields.text(path);
    if (!type) return type.error();
    if (*type == "branch" || *type == "named_branch") return std::string("refs/heads/");
    if (*type == "tag" || *type == "annotated_tag") return std::string("refs/tags/");
    return std::string{};
}

// Cloud: without `new` the ref is gone, and `old` says which it was.
Expected<Updates> read_cloud(const JsonFields& fields) {
    const auto count = fields.elements("push.changes");
    if (!count) return count.error();
    Updates updates;
    for (std::size_t i = 0; i < *count; ++i) {
        const std::string change = element_path("push.changes", i);
        const bool deleted = !fields.has(change + ".new");
        const std::string side = change + (deleted ? ".old" : ".new");
        if (!fields.has(side)) {
            return Error{"the payload's field `" + change + "` says nothing of a ref", ""};
        }
        const auto prefix = prefix_of(fields, side + ".type");
        if (!prefix) return prefix.error();
        if (prefix->empty()) continue;
        auto ref = fields.ref_below(*prefix, side + ".name");
        if (!ref) return ref.error();
        RefUpdate update{*ref, std::nullopt};
        if (!deleted) {
            auto commit = fields.object_id(side + ".target.hash");
            if (!commit) return commit.error();
            update.after = *commit;
        }
        updates.push_back(std::move(update));
    }
    return updates;
}

Expected<Updates> read_data_center(const JsonFields& fields) {
    const auto count = fields.elements("changes");
    if (!count) return count.error();
    Updates updates;
    for (std::size_t i = 0; i < *count; ++i) {
        const std::string change = element_path("changes", i);
        auto ref = fields.ref(change + ".ref.id");
        if (!ref) return ref.error();
        auto commit = fields.object_id(change + ".toHash");
        if (!commit) return commit.error();
        const auto type = fields.text(change + ".type");
        if (!type) return type.error();
        updates.push_back({*ref, *type == "DELETE" ? std::nullopt : *commit});
    }
    return updates;
}

// X-Hook-UUID is the hook's own id, the same for all that it sends.
std::string_view sent_id(const Headers& headers) {
    const std::string_view cloud = headers("x-request-uuid");
    return cloud.empty() ? headers("x-request-id") : cloud;
}

}  // namespace

Verdict verify_bitbucket(const Secrets& secrets, const Headers& headers, std::string_view body) {
    const std::string_view sent = sha256_part(headers("x-hub-signature"));
    return hex_hmac_matches(secrets, sent, body) ? Verdict::verified : Verdict::refused;
}

Expected<Delivery> parse_bitbucket(const Headers& headers, std::string_view body) {
    auto opened = open_delivery(sent_id(headers), "X-Event-Key", headers, body);
    if (!opened) return opened.error();
    Delivery delivery = std::move(opened->delivery);
    const std::string event = delivery.event;
    if (event == "diagnostics:ping") delivery.kind = EventKind::ping;
    const auto fields = JsonFields::read(opened->json, wanted());
    if (fields) {
        delivery.repository_urls =
            fields->addresses({"repository.links.clone[].href", "repository.links.html.href",
                               "repository.links.self[].href"});
    }
    const bool cloud = event == "repo:push";
    if (!cloud && event != "repo:refs_changed") return delivery;
    if (!fields) return fields.error();
    auto updates = cloud ? read_cloud(*fields) : read_data_center(*fields);
    if (!updates) return updates.error();
    delivery.updates = *std::move(updates);
    if (!delivery.updates.empty()) delivery.kind = EventKind::push;
    return delivery;
}

}  // namespace lastgood::forge
