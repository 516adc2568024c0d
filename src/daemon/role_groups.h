// The groups of `control`, as the kernel numbers them.
#pragma once

#include "lastgood/base/error.h"
#include "lastgood/config/config.h"
#include "lastgood/control/role.h"

namespace lastgood::daemon {

// A number is taken as it is; the Error names a group that isn't there.
Expected<control::RoleGroups> role_groups(const config::ControlGroups& names);

}  // namespace lastgood::daemon
