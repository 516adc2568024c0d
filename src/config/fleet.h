// The section `fleet`.
#pragma once

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

void read_fleet(const Section& top, std::optional<Fleet>& into);

// What an app of the fleet can't have.
void check_fleet_apps(const Section& top, const Config& config);

// The app's key `fleet`: off keeps it on this machine.
void read_app_fleet(const Section& section, App& app);

}  // namespace lastgood::config
