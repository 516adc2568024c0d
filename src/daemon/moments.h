// What happens on the way of an app's deployments, with times: kept for `lastgood explain` in a
// file of its own, where a build can't write. The journal has the decisions; this is a diary, never
// read to decide anything, so it waits for no disk and a loss of it costs a few sentences.
#pragma once

#include <string>
#include <vector>

#include "lastgood/control/story.h"
#include "lastgood/core/machine.h"
#include "lastgood/logs/rotating_file.h"

namespace lastgood::daemon {

class Moments {
  public:
    explicit Moments(const std::string& logs_folder);

    // Without a deployment nothing is kept.
    void add(DeploymentId deployment, const char* kind, const std::string& text);

  private:
    logs::RotatingFile file_;
};

// In the order in which they were added.
std::vector<control::Moment> read_moments(const std::string& logs_folder, DeploymentId deployment);

// The deployment that the event is news of; none: of none.
DeploymentId deployment_of(const core::Event& event, const core::AppState& state);

}  // namespace lastgood::daemon
