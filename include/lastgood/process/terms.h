// As whom a process of an app runs, and what it may use.
#pragma once

#include <optional>

#include "lastgood/base/sys/spawn.h"
#include "lastgood/config/config.h"

namespace lastgood::process {

struct Terms {
    std::optional<sys::Identity> identity{};  // none: the daemon's own user
    config::ProcessLimits limits{};

    void apply_to(sys::SpawnSpec& spawn) const;
};

// Of an app's config. Fails where the user or group isn't there, or the daemon can't become them.
Expected<Terms> terms_of(const config::App& app);

}  // namespace lastgood::process
