#include "forge/hub_push.h"

#include "forge/providers.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

// `delete` gives the ref's short name and its kind. Forges send it beside or instead of a push to
// all zeros, and it deploys nothing either way: where it can't be read it is just another event.
std::optional<RefUpdate> read_deletion(const JsonFields& fields, const HubPaths& paths) {
    const auto type = fields.text(paths.ref_type);
    if (!type || !*type) return std::nullopt;
    const bool tag = **type == "tag" || **type == "tags";  // Gitea 1.20 said `tags`
    if (!tag && **type != "branch") return std::nullopt;
    const auto ref = fields.ref_below(tag ? "refs/tags/" : "refs/heads/", paths.ref);
    if (!ref) return std::nullopt;
    return RefUpdate{*ref, std::nullopt};
}

}  // namespace

HubPaths::HubPaths(const std::string& outer)
    : ref(outer + "ref"),
      after(outer + "after"),
      deleted(outer + "deleted"),
      head(outer + "head_commit.id"),
      ref_type(outer + "ref_type") {
    for (const char* name : {"clone_url", "ssh_url", "git_url", "html_url"}) {
        urls.push_back(outer + "repository." + name);
    }
}

JsonFields::Paths HubPaths::all() const {
    JsonFields::Paths paths = {ref, after, deleted, head, ref_type};
    paths.insert(paths.end(), urls.begin(), urls.end());
    return paths;
}

Expected<RefUpdate> read_hub_push(const JsonFields& fields, const HubPaths& paths) {
    auto ref = fields.ref(paths.ref);
    if (!ref) return ref.error();
    auto after = fields.object_id(paths.after);
    if (!after) return after.error();
    const auto deleted = fields.truth(paths.deleted);
    if (!deleted) return deleted.error();
    // `after` of an annotated tag is the tag object, `head_commit` the commit that it names.
    if (*after && ref->starts_with("refs/tags/") && fields.has(paths.head)) {
        after = fields.object_id(paths.head);
        if (!after) return after.error();
    }
    return RefUpdate{*ref, *deleted ? std::nullopt : *after};
}

std::vector<std::string> hub_addresses(const JsonFields& fields, const HubPaths& paths) {
    return fields.addresses({paths.urls.begin(), paths.urls.end()});
}

Expected<Delivery> parse_hub(std::string_view forge, const Headers& headers,
                             std::string_view body) {
    const std::string prefix = "X-" + std::string(forge) + "-";
    auto opened =
        open_delivery(headers(to_lower(prefix + "Delivery")), prefix + "Event", headers, body);
    if (!opened) return opened.error();
    Delivery delivery = std::move(opened->delivery);
    const std::string event = delivery.event;
    if (event == "ping") delivery.kind = EventKind::ping;
    const HubPaths paths;
    const auto fields = JsonFields::read(opened->json, paths.all());
    if (fields) delivery.repository_urls = hub_addresses(*fields, paths);
    if (event == "push") {
        if (!fields) return fields.error();
        auto update = read_hub_push(*fields, paths);
        if (!update) return update.error();
        delivery.kind = EventKind::push;
        delivery.updates.push_back(*update);
    } else if (event == "delete" && fields) {
        if (auto update = read_deletion(*fields, paths)) {
            delivery.kind = EventKind::push;
            delivery.updates.push_back(*update);
        }
    }
    return delivery;
}

}  // namespace lastgood::forge
