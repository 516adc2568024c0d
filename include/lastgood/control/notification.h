// Who is told, and how that goes, as the control API shows it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/store/outbox.h"

namespace lastgood::control {

struct TargetStatus {
    std::string app;
    std::string target;  // its name
    std::string kind;    // "slack", …, "forge-status"; empty: of the config no more
    std::vector<std::string> events;
    store::OutboxTally tally;
    std::optional<store::OutboxRow> next;  // the one that is sent next
};

struct Notifications {
    std::vector<TargetStatus> targets;
    std::vector<store::OutboxRow> waiting;  // the oldest of each target first
};

}  // namespace lastgood::control
