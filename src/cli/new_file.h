// Files that a command makes for the daemon, and what is in a secret one.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "lastgood/base/error.h"

namespace lastgood::cli {

// There whole or not at all, never over one that is there, and the daemon's user can read it: the
// owner of `state_dir`, else of the file's folder. Folders are made.
Expected<void> make_file(const std::string& path, std::string_view content, mode_t mode,
                         const std::string& state_dir);

// As a file of secrets holds it, with the end of its line. `signing_token`: in the form of GitLab
// and Standard Webhooks.
Expected<std::string> fresh_secret(bool signing_token);

}  // namespace lastgood::cli
