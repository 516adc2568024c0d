// A piece of what the steps of a deployment wrote.
#pragma once

#include <cstdint>
#include <string>

#include "lastgood/control/target.h"

namespace lastgood::daemon {

// From that byte on, at most kStepOutputPieceBytes, and never half of a character unless it stays
// so. A file that isn't there is an empty one.
Expected<control::StepOutput> read_step_log(const std::string& path, std::uint64_t from);

}  // namespace lastgood::daemon
