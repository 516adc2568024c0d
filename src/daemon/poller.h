// The slow fallback: looks at the remote's branch from time to time, and once at start. Failures
// back off to an hour and are told once. Of many apps few look at the same time.
#pragma once

#include <functional>
#include <memory>

#include "daemon/site.h"
#include "lastgood/git/session.h"

namespace lastgood::daemon {

class Poller {
  public:
    using OnTip = std::function<void(const CommitId& tip)>;
    using OnFailure = std::function<void(int in_a_row, const std::string& why)>;

    Poller(Site& site, const config::App& app, git::Remote remote, OnTip on_tip,
           OnFailure on_failure);

    // When it is its turn, then as the config says. A look that is under way is not begun again.
    void poll_now();
    [[nodiscard]] int failures() const { return failures_; }            // in a row
    [[nodiscard]] const std::string& trouble() const { return told_; }  // of the last look
    void repository_answers();  // to somebody else: what troubled the last look has gone
    // The config has changed: counts from the next look on, which comes at once; with `poll: off`
    // where there is something new to follow.
    void set_remote(git::Remote remote);

  private:
    void look();
    void done(const git::GitResult<std::optional<CommitId>>& result);
    void failed(const std::string& why);
    void schedule();

    Site& site_;
    const config::App& app_;
    git::Remote remote_;
    OnTip on_tip_;
    OnFailure on_failure_;
    std::unique_ptr<Turns::Turn> turn_;
    std::unique_ptr<git::Session> session_;
    sys::EventLoop::Timer timer_;
    int failures_ = 0;
    std::uint64_t rounds_ = 0;
    std::string told_;
};

}  // namespace lastgood::daemon
