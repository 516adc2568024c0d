// How a person makes the hook by hand at each forge.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/core/provider.h"
#include "lastgood/forge/api.h"

namespace lastgood::cli {

// `place` is nothing where the repository's address names no forge. `secret`: where it stands.
std::vector<std::string> webhook_steps(core::Provider provider,
                                       const std::optional<forge::ApiPlace>& place,
                                       const std::string& url, const std::string& secret);

// The same for a repository without a forge: its own hook tells of each push. `git_dir`: its
// folder.
std::vector<std::string> git_hook_steps(const std::string& git_dir, const std::string& url,
                                        const std::string& secret_file);

}  // namespace lastgood::cli
