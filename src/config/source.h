// The part of an app's section that says which commits count, how they are got, and how they become
// releases.
#pragma once

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

void read_source(const Section& section, App& app);

}  // namespace lastgood::config
