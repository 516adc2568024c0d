// One pair of functions per forge's wire; forge.cpp chooses.
#pragma once

#include "lastgood/forge/forge.h"

namespace lastgood::forge {

using Secrets = std::vector<std::string>;

Verdict verify_github(const Secrets& secrets, const Headers& headers, std::string_view body);
Verdict verify_gitlab(const Secrets& secrets, const Headers& headers, std::string_view body,
                      WallTime now);
Verdict verify_gitlab_token(const Secrets& secrets, const Headers& headers);
// `forge` as in the header's name: "Gitea", "Forgejo", "Gogs".
Verdict verify_gitea(std::string_view forge, const Secrets& secrets, const Headers& headers,
                     std::string_view body);
Verdict verify_bitbucket(const Secrets& secrets, const Headers& headers, std::string_view body);

// Fill in id, event, kind, updates and repository_urls. The last three are read as far as they can
// be from events that deploy nothing: those are never malformed but in their headers.
Expected<Delivery> parse_github(const Headers& headers, std::string_view body);
Expected<Delivery> parse_gitlab(const Headers& headers, std::string_view body);
Expected<Delivery> parse_gitea(std::string_view forge, const Headers& headers,
                               std::string_view body);
Expected<Delivery> parse_bitbucket(const Headers& headers, std::string_view body);
Expected<Delivery> parse_standard(const Headers& headers, std::string_view body);

// The id that the forge sent, or one made of the body; an error when it is malformed.
Expected<std::string> delivery_id(std::string_view sent, std::string_view body);

// The forge's word for the event, an error when it is missing or malformed. `where` is for it:
// "the header X-GitHub-Event".
Expected<std::string> event_name(std::string_view where, std::string_view sent);

// What every delivery begins with: its id and event, from headers, and its JSON.
struct Opened {
    Delivery delivery;
    std::string json;
};
// `event_header` as the forge spells it.
Expected<Opened> open_delivery(std::string_view id, const std::string& event_header,
                               const Headers& headers, std::string_view body);

// What follows "sha256=", nothing where the signature is of another kind.
std::string_view sha256_part(std::string_view signature);

}  // namespace lastgood::forge
