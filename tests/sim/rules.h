// What must hold after each step, and when everything has settled.
#pragma once

#include "sim/app_world.h"

namespace lastgood::sim {

void check_rules(AppWorld& app, const Remote& remote, Disk& disk);

// The faults have ended, and time has passed. `tip_expected`: the tip was never refused by an
// operator, nor failed for no fault of its own. `tip_is_new`: it came after the faults.
void check_settled(AppWorld& app, const Remote& remote, Disk& disk, bool tip_expected,
                   bool tip_is_new);

}  // namespace lastgood::sim
