// Which mirror an app has: apps of one repository, reached in one way, share that of the first.
#pragma once

#include "lastgood/config/config.h"
#include "lastgood/git/session.h"

namespace lastgood::daemon {

// Makes apps/APP/repo.git a link to the shared mirror; a mirror that the app has of its own from
// before stays its own. Writes to the disk; once, before the apps begin.
Expected<void> link_mirrors(const config::Config& config);

// Where the mirror really is, be it a link: the same for all that share it.
std::string real_mirror(const git::Remote& remote);

git::Remote remote_of(const config::Config& config, const config::App& app);

}  // namespace lastgood::daemon
