// Any sender of Standard Webhooks (standardwebhooks.com, spec/standard-webhooks.md). That says how
// to sign and that the body has `type` and `data`; what a push looks like it leaves open, so it is
// GitHub's here, beside `type` or in `data`.
//
// The event is what `type` says. A sender that has none of its own may name it in the header
// webhook-event, which comes second because it is not signed; a body with `ref` and `after` is a
// push without a word.
#include "forge/form.h"
#include "forge/hub_push.h"
#include "forge/providers.h"

namespace lastgood::forge {
namespace {

constexpr std::string_view kUntyped = "untyped";

Expected<std::string> event_of(const JsonFields& fields, const Headers& headers,
                               const HubPaths& paths) {
    const auto type = fields.text("type");
    if (!type) return type.error();
    if (*type) return event_name("the payload's field `type`", **type);
    if (const std::string_view named = headers("webhook-event"); !named.empty()) {
        return event_name("the header webhook-event", named);
    }
    const bool push = fields.has(paths.ref) && fields.has(paths.after);
    return std::string(push ? "push" : kUntyped);
}

}  // namespace

Expected<Delivery> parse_standard(const Headers& headers, std::string_view body) {
    auto id = delivery_id(headers("webhook-id"), body);
    if (!id) return id.error();
    auto json = json_of(headers("content-type"), body);
    if (!json) return json.error();
    const HubPaths outer;
    const HubPaths inner("data.");
    JsonFields::Paths wanted = outer.all();
    const JsonFields::Paths more = inner.all();
    wanted.insert(wanted.end(), more.begin(), more.end());
    wanted.push_back("type");
    const auto fields = JsonFields::read(*json, wanted);
    if (!fields) return fields.error();
    const HubPaths& paths = !fields->has(outer.ref) && fields->has("data") ? inner : outer;
    auto event = event_of(*fields, headers, paths);
    if (!event) return event.error();

    Delivery delivery;
    delivery.id = *id;
    delivery.event = *event;
    delivery.repository_urls = hub_addresses(*fields, paths);
    if (*event == "ping") delivery.kind = EventKind::ping;
    if (*event != "push") return delivery;
    auto update = read_hub_push(*fields, paths);
    if (!update) return update.error();
    delivery.kind = EventKind::push;
    delivery.updates.push_back(*update);
    return delivery;
}

}  // namespace lastgood::forge
