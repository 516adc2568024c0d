// What systemd is told of the daemon: its unit, with what an administrator has put beside it.
#pragma once

#include <optional>
#include <string>

namespace lastgood::cli::diagnosis {

// lastgood.service and its drop-ins, in the order in which they count; none: there is no such unit.
// Read from the files, for systemctl needs a systemd that runs.
std::optional<std::string> daemon_unit();

}  // namespace lastgood::cli::diagnosis
