// Reads `admin`: the dashboard, and the control API over TCP.
#pragma once

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

// Gives the place of admin.listen.
Mark read_admin(const Section& top, Admin& into);

}  // namespace lastgood::config
