// Reads one app of the config.
#pragma once

#include <optional>

#include "config/secrets.h"
#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

// What an app takes from the rest of the file.
struct AppDefaults {
    Secrets secrets;
    bool needs_secret = false;  // there is a receiver
    std::vector<NotifyTarget> notify;
};

Ready read_ready(const Section& section, bool listens);
Hooks read_hooks(const Section& section);

App read_app(const Section& section, AppName name, const AppDefaults& defaults);

}  // namespace lastgood::config
