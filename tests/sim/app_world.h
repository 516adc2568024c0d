// One app's world during one life of the daemon: fetches, builds, processes, timers, the switch and
// the poller, all on the virtual clock. It holds the rules of the world itself (one process per
// slot, a release that is started is complete, ...); rules.h holds those between world and state.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>

#include "lastgood/deploy/engine.h"
#include "sim/disk.h"
#include "sim/remote.h"

namespace lastgood::sim {

class AppWorld : public deploy::World {
  public:
    struct Process {
        RunId run;
        CommitId commit;
        std::uint64_t serial = 0;
        bool ready = false;
        bool ended = false;  // the news of it is on its way
        bool stopping = false;
        bool watched = false;
    };

    AppWorld(Ground& ground, Remote& remote, Disk& disk, AppName name, core::Settings settings);

    void begin();  // the daemon is up
    core::Answer handle(const core::Event& event);
    void retry();  // to store what the disk refused
    void poll_now();
    // Kills a process of the app, if one runs.
    void crash_something();

    [[nodiscard]] deploy::Engine& engine() { return engine_; }
    [[nodiscard]] const core::AppState& state() const { return engine_.state(); }
    [[nodiscard]] const AppName& name() const { return name_; }
    [[nodiscard]] const std::optional<Process>& process(Slot slot) const {
        return processes_[index(slot)];
    }
    [[nodiscard]] Slot users() const { return users_; }
    [[nodiscard]] bool armed(core::TimerKind kind) const { return timers_.contains(kind); }
    [[nodiscard]] std::optional<DeploymentId> fetching() const { return fetching_; }
    [[nodiscard]] std::optional<DeploymentId> building() const { return building_; }
    [[nodiscard]] bool serves_users() const {
        const auto& process = processes_[index(users_)];
        return process && process->ready && !process->ended;
    }

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
    [[nodiscard]] Instant now() override { return ground_.clock.now(); }

  private:
    void later(Millis delay, Clock::Task task);  // not after the daemon's death
    void noted(const core::Effect& effect);
    void drop_work();
    void live_by_fate(Slot slot, std::uint64_t serial, Fate fate);
    void become_ready_after(Millis delay, Slot slot, std::uint64_t serial);
    void end_after(Millis delay, Slot slot, std::uint64_t serial, const std::string& status);
    void end_process(Slot slot, std::uint64_t serial, const std::string& status, bool asked);
    void probe(Slot slot, std::uint64_t serial, int failed);
    void polled();
    void schedule_poll();
    void prune();
    Process* same(Slot slot, std::uint64_t serial);

    Ground& ground_;
    Remote& remote_;
    Disk& disk_;
    AppName name_;
    deploy::Engine engine_;
    std::array<std::optional<Process>, 2> processes_;
    std::uint64_t made_ = 0;  // numbers processes, timers, work and looks at the remote
    Slot users_ = Slot::blue;
    std::optional<DeploymentId> fetching_;
    std::optional<DeploymentId> building_;
    std::uint64_t work_serial_ = 0;
    std::map<core::TimerKind, std::uint64_t> timers_;
    std::uint64_t poll_serial_ = 0;
    bool polling_ = false;
    int poll_failures_ = 0;
    bool pruning_ = false;
    bool was_healthy_ = true;  // before the step: what is performed was decided just now
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::sim
