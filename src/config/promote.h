// `promote`: which app proves commits for another one.
#pragma once

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

// The other app's name alone, or { app, after }.
void read_promote(const Section& section, App& app);

// Each names another app of the file, and none waits for itself in the end. `marks`: where the key
// stands, by the app's name.
void check_promotions(Reading& reading, const Config& config,
                      const std::map<std::string, Mark>& marks);

}  // namespace lastgood::config
