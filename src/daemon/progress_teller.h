// Tells subscribers how far a deployment is within its phase, a few times a second at most. While
// nobody is subscribed it makes no event and sets no timer.
#pragma once

#include <functional>
#include <string>

#include "daemon/site.h"
#include "lastgood/control/progress.h"
#include "lastgood/git/session.h"

namespace lastgood::daemon {

class ProgressTeller {
  public:
    ProgressTeller(Site& site, const AppName& app) : site_(site), app_(app) {}

    // `doing`: see control::Progress. What is done for no deployment is not told.
    void begin(DeploymentId deployment, const char* doing);
    // News of another deployment than begun is passed over.
    void fetched(DeploymentId deployment, const git::FetchProgress& progress);
    void written(DeploymentId deployment, const git::Released& released);
    void step(DeploymentId deployment, std::size_t number, std::size_t count,
              const std::string& command);
    // The step wrote something; `last_line` is asked for it when it is told.
    void wrote(DeploymentId deployment, std::function<std::string()> last_line);
    // Nothing of it is told any more, and `last_line` not asked.
    void end(DeploymentId deployment);

  private:
    [[nodiscard]] bool is_about(DeploymentId deployment) const {
        return deployment && deployment == now_.deployment;
    }
    void changed();
    void publish();
    [[nodiscard]] bool followed() const { return site_.publish && site_.followed(); }

    Site& site_;
    AppName app_;
    control::Progress now_;
    Instant began_{};
    Instant told_{};
    std::function<std::string()> last_line_;
    sys::EventLoop::Timer later_;
};

}  // namespace lastgood::daemon
