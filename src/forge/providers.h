// One pair of functions per forge's wire; forge.cpp chooses.
#pragma once

#include "lastgood/forge/forge.h"

namespace lastgood::forge {

using Secrets = std::vector<std::string>;

Verdict verify_github(const Secrets& secrets, const Headers& headers, std::string_view body);
Verdict verify_gitlab(const Secrets& secrets, const Headers& headers, std::string_view body,
                      WallTime now);
Verdict verify_gitlab_token(const Secrets& secrets, const Headers& headers);

// Fill in id, event, kind and updates.
Expected<Delivery> parse_github(const Headers& headers, std::string_view body);
Expected<Delivery> parse_gitlab(const Headers& headers, std::string_view body);

// The id that the forge sent, or one made of the body; an error when it is malformed.
Expected<std::string> delivery_id(std::string_view sent, std::string_view body);

// The forge's word for the event, an error when it is missing or malformed.
Expected<std::string> event_name(std::string_view header_name, std::string_view sent);

}  // namespace lastgood::forge
