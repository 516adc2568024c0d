// The journal's records as events for whoever follows the control API.
#pragma once

#include <optional>

#include "lastgood/control/target.h"
#include "lastgood/core/machine.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {

// Nothing for records that nobody follows.
std::optional<control::Event> event_of(store::Journal& journal, const AppName& app,
                                       const core::Record& record);

}  // namespace lastgood::daemon
