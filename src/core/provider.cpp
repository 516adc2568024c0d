#include "lastgood/core/provider.h"

#include <algorithm>

namespace lastgood::core {

const std::vector<Provider>& all_providers() {
    static const std::vector<Provider> all = {
        Provider::github,  Provider::gitlab, Provider::gitlab_token, Provider::gitea,
        Provider::forgejo, Provider::gogs,   Provider::bitbucket,    Provider::standard};
    return all;
}

std::string_view to_string(Provider provider) {
    switch (provider) {
        case Provider::github:
            return "github";
        case Provider::gitlab:
            return "gitlab";
        case Provider::gitlab_token:
            return "gitlab-token";
        case Provider::gitea:
            return "gitea";
        case Provider::forgejo:
            return "forgejo";
        case Provider::gogs:
            return "gogs";
        case Provider::bitbucket:
            return "bitbucket";
        case Provider::standard:
            return "standard";
    }
    return "?";
}

std::optional<Provider> parse_provider(std::string_view name) {
    const auto& all = all_providers();
    const auto found = std::find_if(
        all.begin(), all.end(), [name](Provider provider) { return to_string(provider) == name; });
    if (found == all.end()) return std::nullopt;
    return *found;
}

}  // namespace lastgood::core
