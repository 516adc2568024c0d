// Gathers what is known of one deployment: journal, moments, and the end of its output.
#pragma once

#include <optional>

#include "daemon/site.h"
#include "lastgood/control/story.h"

namespace lastgood::daemon {

// Nothing: there is no such deployment.
Expected<std::optional<control::Story>> story_of(Site& site, DeploymentId id);

}  // namespace lastgood::daemon
