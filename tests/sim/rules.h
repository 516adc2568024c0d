// What must hold after each step, and when everything has settled.
#pragma once

#include "sim/app_world.h"

namespace lastgood::sim {

void check_rules(AppWorld& app, Disk& disk);
// What runs is as the state thinks; that needs no disk.
void check_runs(AppWorld& app);

// The faults have ended, and time has passed. `tip_is_new`: it came after the faults.
void check_settled(const Ground& ground, AppWorld& app, Disk& disk, bool tip_is_new);

}  // namespace lastgood::sim
