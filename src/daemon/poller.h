// The slow fallback: looks at the remote's branch from time to time, and once at start. Failures
// back off to an hour and are told once.
#pragma once

#include <functional>
#include <memory>

#include "daemon/site.h"
#include "lastgood/git/session.h"

namespace lastgood::daemon {

class Poller {
  public:
    using OnTip = std::function<void(const CommitId& tip)>;

    Poller(Site& site, const config::App& app, git::Remote remote, OnTip on_tip);

    // At once, then as the config says. A look that is under way is not begun again.
    void poll_now();
    // The config has changed: counts from the next look on, which comes at once.
    void set_remote(git::Remote remote);

  private:
    void done(const git::GitResult<std::optional<CommitId>>& result);
    void tell_once(const std::string& text);
    void schedule();

    Site& site_;
    const config::App& app_;
    git::Remote remote_;
    OnTip on_tip_;
    std::unique_ptr<git::Session> session_;
    sys::EventLoop::Timer timer_;
    int failures_ = 0;
    std::uint64_t rounds_ = 0;
    std::string told_;
};

}  // namespace lastgood::daemon
