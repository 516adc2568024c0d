// What a changed config means for what runs. Pure.
#pragma once

#include <string>
#include <vector>

#include "lastgood/config/config.h"

namespace lastgood::daemon {

enum class AppChange {
    settings,       // its process stays
    fresh_process,  // it is started with what has changed
    another_place,  // its sockets or folders are others: it ends, and begins anew
};
// Differs where a process of the app would be started with something else: for the daemon after
// this one. Values of the environment can't be read out of it.
std::string fingerprint(const config::App& app);

AppChange change_of(const config::App& before, const config::App& after);

// Takes over into `after` what only a restart of lastgood can change; gives the keys, for people.
std::vector<std::string> keep_for_restart(const config::Config& before, config::Config& after);

}  // namespace lastgood::daemon
