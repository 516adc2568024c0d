// `listen` of an app: one address, a list of them, or a map of names to addresses.
#pragma once

#include <vector>

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

std::vector<ListenAddress> read_listens(const Section& section);

// `ports` and `proxy`, which stand in its place.
void read_ports(const Section& section, App& app);

}  // namespace lastgood::config
