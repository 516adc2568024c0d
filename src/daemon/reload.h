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
AppChange change_of(const config::App& before, const config::App& after);

// Takes over into `after` what only a restart of lastgood can change; gives the keys, for people.
std::vector<std::string> keep_for_restart(const config::Config& before, config::Config& after);

}  // namespace lastgood::daemon
