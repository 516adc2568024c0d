// Has a proxy send users to the slot that they belong to: for apps with `ports`. Tries again until
// the commands succeed. On the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "daemon/site.h"
#include "lastgood/process/run_steps.h"

namespace lastgood::daemon {

class ProxySwitch {
  public:
    // `busy`: told at its begin and when the proxy does what it should. `app` is the service's and
    // outlives this.
    ProxySwitch(Site& site, const config::App& app, std::function<void(bool)> busy)
        : site_(site), app_(app), busy_(std::move(busy)) {}
    ProxySwitch(const ProxySwitch&) = delete;
    ProxySwitch& operator=(const ProxySwitch&) = delete;

    // The newest wish counts; one that is under way ends first.
    void to(Slot slot, const CommitId& commit);

  private:
    struct Wish {
        Slot slot;
        CommitId commit;
    };

    void run();
    void done(const process::StepsResult& result);
    void failed(const std::string& why);

    Site& site_;
    const config::App& app_;
    std::function<void(bool)> busy_;
    std::optional<Wish> wish_;  // none: all is done
    bool again_ = false;        // a newer wish came meanwhile
    std::unique_ptr<process::RunSteps> steps_;
    Millis pause_{0};
    sys::EventLoop::Timer retry_;
};

}  // namespace lastgood::daemon
