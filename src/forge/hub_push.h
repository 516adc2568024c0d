// The payload that GitHub made and Gitea, Forgejo, Gogs and senders of Standard Webhooks took over.
#pragma once

#include "forge/json_fields.h"
#include "lastgood/forge/forge.h"

namespace lastgood::forge {

// The paths of a push, which may stand inside another object ("" or "data.").
struct HubPaths {
    explicit HubPaths(const std::string& outer = "");
    std::string ref, after, deleted, head, ref_type;
    std::vector<std::string> urls;

    [[nodiscard]] JsonFields::Paths all() const;
};

Expected<RefUpdate> read_hub_push(const JsonFields& fields, const HubPaths& paths);
std::vector<std::string> hub_addresses(const JsonFields& fields, const HubPaths& paths);

// The forge by the name inside its headers, "X-GitHub-Event".
Expected<Delivery> parse_hub(std::string_view forge, const Headers& headers, std::string_view body);

}  // namespace lastgood::forge
