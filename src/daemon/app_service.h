// One app in the daemon: its engine, and the world that the engine acts on.
//
// Turns effects into fetches, builds, processes, switches and timers, and their results into
// events. On the loop's thread.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "daemon/crash_book.h"
#include "daemon/left_runs.h"
#include "daemon/moments.h"
#include "daemon/poller.h"
#include "daemon/progress_teller.h"
#include "daemon/promoter.h"
#include "daemon/proxy_switch.h"
#include "daemon/release_builder.h"
#include "daemon/renewal.h"
#include "daemon/run_spec.h"
#include "daemon/site.h"
#include "daemon/usage_meter.h"
#include "lastgood/deploy/engine.h"
#include "lastgood/git/session.h"
#include "lastgood/process/run_steps.h"
#include "lastgood/supervise/app_runner.h"

namespace lastgood::daemon {

class AppService : public deploy::World {
  public:
    AppService(Site& site, config::App app, core::AppState state);
    ~AppService() override;

    // What an earlier daemon left is taken over by open(). Before that.
    void expect_left(LeftApp left) { left_ = std::move(left); }
    [[nodiscard]] const LeftApp& left() const { return left_; }
    // Opens sockets and logs, makes the folders. Before begin().
    Expected<void> open();
    // Half-made releases are removed, what was meant to run is started, the remote is looked at.
    void begin();
    // The config as it is now; its listen address and its user must be as before.
    void update(const config::App& app);
    // Ends the app's processes; `gone` comes, deferred, when nothing of it is left.
    void shut_down(std::function<void()> gone);

    [[nodiscard]] const config::App& app() const { return app_; }
    [[nodiscard]] const std::string& repository_id() const { return repository_id_; }
    [[nodiscard]] const git::Remote& remote() const { return remote_; }
    [[nodiscard]] const std::vector<process::SlotSockets>& sockets() const {
        return runner_->sockets();
    }
    [[nodiscard]] deploy::Engine& engine() { return engine_; }
    [[nodiscard]] const deploy::Engine& engine() const { return engine_; }
    // An event from outside of the app's own world.
    core::Answer tell(const core::Event& event) { return ask(event); }
    // The poller's turn, now.
    void look_at_remote() { poller_.poll_now(); }
    [[nodiscard]] control::AppStatus status() const;
    // Of the apps that are promoted from others.
    [[nodiscard]] Promoter& promoter() { return promoter_; }
    // The last ones, from new to old.
    [[nodiscard]] const std::vector<control::Crash>& crashes() const { return crashes_.crashes(); }
    // What it uses now, for the journal.
    store::SampleRow sample() { return meter_.read(app_.name, *runner_); }

    // Of the poller, in a row.
    [[nodiscard]] int poll_failures() const { return poller_.failures(); }

    void perform(const core::DoFetch& effect) override;
    void perform(const core::DoBuild& effect) override;
    void perform(const core::CancelWork& effect) override;
    void perform(const core::DoStart& effect) override;
    void perform(const core::DoStop& effect) override;
    void perform(const core::DoSwitch& effect) override;
    void perform(const core::WatchHealth& effect) override;
    void perform(const core::SetTimer& effect) override;
    void perform(const core::ClearTimer& effect) override;
    void perform(const core::Prune& effect) override;
    void perform(const core::RunHook& effect) override;
    void perform(const core::PollNow& effect) override;
    void perform(const core::Tell& effect) override;
    void recorded(const std::vector<core::Record>& records) override;
    [[nodiscard]] Instant now() override { return BootClock::now(); }
    [[nodiscard]] const core::Standing* promoted_from() override { return promoter_.standing(); }

  private:
    void handle(const core::Event& event);
    core::Answer ask(const core::Event& event);
    // The app as the commit's own settings want it, where it is a release.
    Expected<config::App> app_of(const CommitId& commit);
    Expected<void> make_folders();
    void take_over();
    void begin_fetch(const core::DoFetch& effect);
    void start_now(const core::DoStart& effect);
    void restore(const core::DoStart& effect);
    // The machine hears of it as an end, later: like a program that can't be started.
    void note_start(const core::DoStart& effect);
    void note_switch(const core::DoSwitch& effect);
    void not_started(const core::DoStart& effect, const std::string& reason);
    supervise::Listener listener();
    void note_crash(Slot slot, const std::optional<CommitId>& commit, const std::string& status);
    Expected<supervise::RunSpec> run_spec(const core::DoStart& effect);
    // `app`: as the commit wants it.
    Expected<RunSnapshot> snapshot(const core::DoStart& effect, const config::App& app);
    void refresh_snapshot_of_live();
    void begin_renewal();
    [[nodiscard]] bool is_started_otherwise();
    void renew_by_config();
    void remove_half_made_releases();
    void prune();
    void pruned(const git::GitResult<std::vector<std::string>>& rescued);
    void check(const Expected<void>& stored);

    Site& site_;
    config::App app_;
    std::string repository_id_;
    AppPaths paths_;
    git::Remote remote_;
    deploy::Engine engine_;
    LeftApp left_;
    std::array<std::optional<Instant>, 2> running_since_{};  // of what was taken over
    Moments moments_;
    DeploymentId in_question_;  // that the event being handled is news of
    std::unique_ptr<supervise::AppRunner> runner_;
    std::unique_ptr<git::Session> session_;  // of the work
    sys::EventLoop::Timer fetch_timer_;
    Instant fetching_since_{};  // zero: no fetch, or it ended by itself
    ProgressTeller progress_;   // of the work; outlives the builder
    std::unique_ptr<ReleaseBuilder> builder_;
    std::unique_ptr<git::Session> pruning_;
    std::set<CommitId> pruned_now_;            // by it
    std::function<void()> build_after_prune_;  // of one of them
    struct Restoring {
        std::unique_ptr<git::Session> session;
        std::unique_ptr<ReleaseBuilder> builder;
    };
    std::array<std::optional<Restoring>, 2> restoring_{};  // by the slot that waits for it
    std::list<std::unique_ptr<process::RunSteps>> hooks_;
    std::map<core::TimerKind, sys::EventLoop::Timer> timers_;
    sys::EventLoop::Timer prune_timer_;
    Poller poller_;
    Promoter promoter_;
    ProxySwitch proxy_;
    std::unique_ptr<Renewal> renewal_;
    sys::EventLoop::Timer renewal_owed_;  // for a changed config
    UsageMeter meter_;
    CrashBook crashes_;
    std::uint64_t restarts_ = 0;
    std::function<void()> gone_;  // set: it is being shut down
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::daemon
