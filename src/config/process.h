// The part of an app's section that says as whom its commands run and what they may use.
#pragma once

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

void read_process(const Section& section, App& app);

}  // namespace lastgood::config
