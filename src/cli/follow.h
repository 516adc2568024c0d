// Waits for the end of a deployment, telling each phase.
#pragma once

#include <cstdint>
#include <string>

#include "cli/context.h"
#include "lastgood/base/limits.h"

namespace lastgood::cli {

struct Followed {
    std::int64_t deployment = 0;
    std::string app;
};

// Through GET /v1/events. When the daemon goes away it is tried again for `away_max`. Ctrl-C ends
// this process with 130, says that the deployment goes on, and leaves it alone. Returns the exit
// code.
int follow(const Context& context, const Followed& followed,
           Millis away_max = limits::kDaemonAwayMax);

// What every command that may begin a deployment does with its answer.
int after_command(const Context& context, const std::string& app, const std::string& answer,
                  bool wait);

}  // namespace lastgood::cli
