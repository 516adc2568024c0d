// Which mirror an app has: apps of one repository, reached in one way, share that of the first.
#pragma once

#include <map>
#include <string>

#include "lastgood/config/config.h"
#include "lastgood/git/session.h"

namespace lastgood::daemon {

// Where each app's mirror really is, be it a link: the same for all that share it. To ask the disk
// for each pair of apps would take seconds with some hundred.
using Mirrors = std::map<AppName, std::string>;

// Makes apps/APP/repo.git a link to the shared mirror; a mirror that the app has of its own from
// before stays its own. Writes to the disk; once, before the apps begin.
Expected<Mirrors> link_mirrors(const config::Config& config);

// Where the mirror of an app really is that may be of the config no more.
std::string real_mirror(const git::Remote& remote);

// `mirrors` of that config, which the app is of.
git::Remote remote_of(const config::Config& config, const Mirrors& mirrors, const config::App& app);

}  // namespace lastgood::daemon
