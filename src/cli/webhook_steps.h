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

// A repository without a forge: its own hook tells of each push.
struct GitHook {
    std::string app;
    std::string git_dir;  // the repository's folder
    std::string pusher;   // whose that is
    std::string url;
    std::string secret_file;
    std::string own_secret_file;  // for one of the app's own; empty: it has one
};
std::vector<std::string> git_hook_steps(const GitHook& hook);

}  // namespace lastgood::cli
