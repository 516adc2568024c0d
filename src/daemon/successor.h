// The daemon's program replaced in place: the same process goes on with the program that is on the
// disk now, and its children, so the apps, stay its own. For an upgrade where nobody would start a
// new daemon: as PID 1 of a container.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/passed_sockets.h"
#include "daemon/site.h"
#include "lastgood/process/run_steps.h"

namespace lastgood::daemon {

// Runs `PROGRAM version` first: a program that can't run must not take the place. `fit`: empty, or
// why not. Comes once, deferred, and not after the returned object is destroyed.
std::unique_ptr<process::RunSteps> try_successor(const Site& site,
                                                 std::function<void(std::string why_not)> fit);

// Becomes PROGRAM serve with this config. `sockets` go along by systemd's protocol, as
// take_passed_sockets() reads them. Returns only when it failed.
Error become_successor(const std::string& program, const std::string& config_path,
                       std::vector<PassedSocket> sockets);

}  // namespace lastgood::daemon
