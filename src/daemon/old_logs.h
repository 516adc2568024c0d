// What keeps the files for what an app's steps print (AppPaths::step_log, hooks.log) from growing
// without end.
#pragma once

#include <string>
#include <vector>

namespace lastgood::daemon {

// Pure: of the files in that folder, those that are logs of deployments beyond the newest `kept`.
std::vector<std::string> old_deployment_logs(const std::vector<std::string>& files,
                                             std::size_t kept);

// Removes them. What can't be removed stays until the next time: no deployment fails for it.
void remove_old_deployment_logs(const std::string& logs);

// A full one is set aside first, as hooks.log.1 in place of the one before.
std::string hooks_log(const std::string& logs);

}  // namespace lastgood::daemon
