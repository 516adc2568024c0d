// Which forge sends the webhooks, as the config names it.
#pragma once

#include <string_view>

namespace lastgood::core {

enum class Provider { github, gitlab, gitlab_token };
std::string_view to_string(Provider provider);

}  // namespace lastgood::core
