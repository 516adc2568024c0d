// How telling goes, from the config and the outbox.
#pragma once

#include <optional>
#include <string>

#include "daemon/site.h"

namespace lastgood::daemon {

Expected<control::Notifications> notifications_of(Site& site,
                                                  const std::optional<std::string>& app);

}  // namespace lastgood::daemon
