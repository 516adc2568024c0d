// Events and effects in one line each, for the trace.
#pragma once

#include <string>

#include "lastgood/core/machine.h"
#include "sim/remote.h"

namespace lastgood::sim {

std::string describe(const core::Event& event, const Remote& remote);
std::string describe(const core::Effect& effect, const Remote& remote);
std::string describe(const core::AppState& state, const Remote& remote);

}  // namespace lastgood::sim
