// One lastgood at a time on a state.
#pragma once

#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::daemon {

// Held as long as the descriptor is open: two daemons would fight over processes and the database.
// Waits up to 2 s.
Expected<sys::Fd> lock_state(const std::string& state_dir);

}  // namespace lastgood::daemon
