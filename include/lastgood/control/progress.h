// How far a deployment is within its phase: told to subscribers of GET /v1/events, never stored.
#pragma once

#include <cstdint>
#include <string>

#include "lastgood/base/ids.h"
#include "lastgood/base/time.h"
#include "lastgood/control/target.h"

namespace lastgood::control {

struct Progress {
    std::string app;
    DeploymentId deployment;
    std::string doing;  // "fetch", "files", "build" or "before_switch"
    Millis elapsed{0};  // since it began to do this
    // fetch: what came so far; 0: not known
    std::uint64_t objects = 0;
    std::uint64_t objects_total = 0;
    std::uint64_t bytes = 0;  // files: of the release
    std::uint64_t files = 0;  // files: that were written
    // build and hooks
    std::size_t step = 0;  // from 1; 0: none
    std::size_t steps = 0;
    std::string command;
    std::string line;  // the last one of its output
};

Event progress_event(const Progress& progress);

}  // namespace lastgood::control
