#include "daemon/poller.h"

#include <functional>
#include <utility>

#include "lastgood/core/backoff.h"

namespace lastgood::daemon {

Poller::Poller(Site& site, const config::App& app, git::Remote remote, OnTip on_tip,
               OnFailure on_failure)
    : site_(site),
      app_(app),
      remote_(std::move(remote)),
      on_tip_(std::move(on_tip)),
      on_failure_(std::move(on_failure)) {}

void Poller::poll_now() {
    if (turn_) return;
    timer_.reset();
    // The first look tells whether the repository can be reached from here at all.
    const bool first = rounds_ == 0 || failures_ > 0;
    if (!first && site_.fleet.looks && !site_.fleet.looks(app_.name)) return schedule();
    turn_ = site_.looks.ask([this] { look(); });
}

void Poller::look() {
    session_ = git::Session::open(site_.loop, site_.reaper, site_.program, remote_);
    session_->list_tip([this](git::GitResult<std::optional<CommitId>> result) { done(result); });
}

void Poller::set_remote(git::Remote remote) {
    const bool moved = remote.url != remote_.url || remote.followed != remote_.followed;
    const bool owed = rounds_ == 0 || failures_ > 0 || turn_;
    remote_ = std::move(remote);
    session_.reset();  // it looks at what was before
    turn_.reset();
    timer_.reset();
    if (app_.poll || moved || owed) poll_now();
}

void Poller::done(const git::GitResult<std::optional<CommitId>>& result) {
    session_.reset();
    turn_.reset();
    if (!result.value) {
        failed("could not look for new commits: " + result.error.error.text());
    } else if (!*result.value) {
        failed(app_.followed.by_tags()
                   ? "none of the tags " + app_.followed.tags + " is in " + app_.repo +
                         "; push one, or mend `tags` in the config"
                   : "branch " + app_.followed.branch + " is not in " + app_.repo +
                         "; push it, or mend `branch` in the config");
    } else {
        repository_answers();
        on_tip_(**result.value);
    }
    schedule();
}

void Poller::repository_answers() {
    if (failures_ > 0) site_.log.info(app_.name.str(), "the repository can be reached again");
    failures_ = 0;
    told_.clear();
}

void Poller::failed(const std::string& why) {
    on_failure_(++failures_, why);
    if (why == std::exchange(told_, why)) return;
    site_.log.error(app_.name.str(), why);
}

void Poller::schedule() {
    ++rounds_;
    // With `poll: off` a first look that failed is still owed.
    if (!app_.poll && failures_ == 0) return;
    const Millis poll = app_.poll.value_or(limits::kFetchRetryMax);
    const std::uint64_t salt = std::hash<std::string>{}(app_.name.str()) + rounds_;
    timer_ = site_.loop.after(core::poll_delay(poll, failures_, salt), [this] { poll_now(); });
}

}  // namespace lastgood::daemon
