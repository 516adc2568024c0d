// Which forge sends the webhooks, as the config names it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace lastgood::core {

enum class Provider { github, gitlab, gitlab_token, gitea, forgejo, gogs, bitbucket, standard };

// Each once, in the order of the enum.
const std::vector<Provider>& all_providers();
std::string_view to_string(Provider provider);
std::optional<Provider> parse_provider(std::string_view name);

}  // namespace lastgood::core
