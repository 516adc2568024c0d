// Who is told: the list `notify`, and `status` of an app.
#pragma once

#include <optional>
#include <vector>

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

// Nothing where the section has no `notify`; an empty list, or `off`: nobody is told.
std::optional<std::vector<NotifyTarget>> read_notify(const Section& section);

void read_status(const Section& section, App& app);

}  // namespace lastgood::config
