// Which files `lastgood logs` reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "lastgood/logs/question.h"

namespace lastgood::cli {

// The output of these apps (none: of all) and the daemon's own log. An Error for an app that never
// ran here, and for files that this user may not read.
Expected<std::vector<logs::LogSource>> log_sources(const Places& places,
                                                   const std::vector<std::string>& apps);

}  // namespace lastgood::cli
