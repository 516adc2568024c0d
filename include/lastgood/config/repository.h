// A repository's own settings: the file lastgood.yaml that a commit brings along, so that what is
// built and run goes forward and back with the code.
//
// The server's config says which keys count (`allow_repo_config`). Nothing in the file reaches
// beyond the release: no secrets, users, addresses or files of the server, and no ${NAME} of its
// environment is put in. Pure; the text is foreign, and bounded as the config's is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/config/config.h"
#include "lastgood/config/load.h"

namespace lastgood::config {

// Missing: the server's config decides.
struct RepositorySettings {
    std::optional<std::vector<Command>> build{};
    std::optional<Command> run{};
    std::optional<Ready> ready{};
    std::optional<std::vector<CacheFolder>> cache{};
    std::optional<std::vector<std::string>> paths{};
    std::optional<Hooks> hooks{};
};

struct LoadedRepository {
    RepositorySettings settings;
    std::vector<Fault> faults;  // with any of them the settings don't count
};

// Where the file is in the commit's tree.
std::string repository_file(const RepositoryRules& rules);

LoadedRepository read_repository(std::string_view yaml, const RepositoryRules& rules);

// The app as a commit with these settings wants it; only keys that are still allowed count.
App with_repository(App app, const RepositorySettings& settings);

}  // namespace lastgood::config
