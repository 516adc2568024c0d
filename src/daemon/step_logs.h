// The files in logs/ of an app for what its steps print: those of each deployment in
// deployment-ID.log, all hooks in hooks.log.
#pragma once

#include <string>
#include <vector>

#include "lastgood/base/ids.h"

namespace lastgood::daemon {

std::string deployment_log(const std::string& logs, DeploymentId deployment);

// Pure: of the files in that folder, those that are logs of deployments beyond the newest `kept`.
std::vector<std::string> old_deployment_logs(const std::vector<std::string>& files,
                                             std::size_t kept);

// Removes them. What can't be removed stays until the next time: no deployment fails for it.
void remove_old_deployment_logs(const std::string& logs);

// A full one is set aside first, as hooks.log.1 in place of the one before.
std::string hooks_log(const std::string& logs);

}  // namespace lastgood::daemon
