// The section `fleet`.
#pragma once

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

void read_fleet(const Section& top, std::optional<Fleet>& into);

// The app's key `fleet`: off keeps it on this machine.
void read_app_fleet(const Section& section, App& app);

}  // namespace lastgood::config
