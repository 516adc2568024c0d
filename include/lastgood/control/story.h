// All that is known of one deployment, for `lastgood explain`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/time.h"
#include "lastgood/store/journal.h"

namespace lastgood::control {

// Something that happened on its way. `kind` is one of
//   phase    it came into this phase (text: its name)
//   step     a step of the build, or of a hook, began
//   switch   users got this release, or were taken back to another one
//   told     what the daemon's log says of it: a crash, a fetch that is tried again
struct Moment {
    WallTime at;
    std::string kind;
    std::string text;
};

struct Story {
    store::DeploymentRow deployment;
    std::optional<store::DeliveryRow> delivery;  // that asked for it
    std::vector<Moment> moments;                 // in order; none of an old deployment
    std::vector<std::string> output;             // last lines of its build and hooks, printable
    std::string log;                             // the file with all of that; empty: there is none
    std::optional<store::DeploymentRow> next;    // the app's next deployment
    std::optional<store::QuarantineRow> quarantine;  // of its commit
};

}  // namespace lastgood::control
