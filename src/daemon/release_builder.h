// One release made ready: its tree written, its build steps run, sealed on the disk, and the
// before_switch hooks run. Skips what was done before.
//
// Destroying it ends whatever it runs. `done` comes deferred, once, with the reason of a failure or
// an empty text.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/moments.h"
#include "daemon/progress_teller.h"
#include "daemon/site.h"
#include "lastgood/core/machine.h"
#include "lastgood/git/session.h"
#include "lastgood/process/run_steps.h"

namespace lastgood::daemon {

// Who is told of the way; both outlive the builder.
struct Witnesses {
    Moments& moments;
    ProgressTeller& progress;
};

class ReleaseBuilder {
  public:
    using Done = std::function<void(std::string failure)>;

    // `session` is used while the builder lives.
    ReleaseBuilder(Site& site, const config::App& app, git::Session& session, core::DoBuild what,
                   Witnesses witnesses, Done done);
    ~ReleaseBuilder();

    void begin();
    // Without the hooks: it was live before.
    void begin_again() {
        hooks_ = false;
        begin();
    }

  private:
    void begin_release();
    // Then `next`, or the end where nothing says what to run.
    void take_settings(const config::RepositorySettings& settings,
                       const std::function<void()>& next);
    void write_tree();
    [[nodiscard]] git::MaterialiseRequest tree_request() const;
    void run_build();
    void seal();
    void run_hooks();
    void run(const std::vector<config::Command>& steps, const std::string& named,
             std::function<void()> next);
    void step_began(const std::string& named, const std::vector<config::Command>& steps,
                    std::size_t step);
    void fail(const std::string& reason) { finish(reason); }
    void finish(std::string failure);

    Site& site_;
    config::App app_;  // as the commit wants it, once its settings are known
    process::Terms terms_;
    git::Session& session_;
    core::DoBuild what_;
    Witnesses witnesses_;
    Done done_;
    AppPaths paths_;
    store::ReleaseText text_;
    bool hooks_ = true;
    std::unique_ptr<process::RunSteps> steps_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Names the processes of a deployment's build and hooks, also for a later daemon.
std::string build_token(const config::Config& config, const AppName& app, DeploymentId deployment);

}  // namespace lastgood::daemon
