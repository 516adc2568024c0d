// One app's world during one life of the daemon: fetches, builds, processes, timers, the switch and
// the poller, all on the virtual clock. What outlives the daemon is a Host's. It holds the rules of
// the world itself (one process per slot, a release that is started is complete, ...); rules.h
// holds those between world and state.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>

#include "lastgood/deploy/engine.h"
#include "sim/disk.h"
#include "sim/remote.h"
#include "sim/witness.h"

namespace lastgood::sim {

// What an app has on the machine beyond the life of a daemon.
struct Host {
    struct Process {
        RunId run;
        CommitId commit;
        std::uint64_t serial = 0;
        Instant started{};  // as the boot clock told
        Instant ready_at = Instant::max();
        Instant ends_at = Instant::max();
        const char* status = "";
        bool ready = false;
        bool ended = false;  // the news of it is on its way
        bool stopping = false;
        bool watched = false;
    };

    Host(Ground& ground, Remote& of, Disk& disk, AppName app, core::Settings config)
        : name(std::move(app)), remote(of), settings(config), witness(ground, of, disk, name) {}

    AppName name;
    Remote& remote;
    core::Settings settings;
    std::array<std::optional<Process>, 2> processes;
    Witness witness;
    // Whether the tip must be live in the end, as far as is known: no operator wanted something
    // else meanwhile, and it had no bad luck.
    bool tip_expected = false;
    bool forward_only = false;               // in any of its lives
    std::optional<DeploymentId> fleet_wish;  // the last one that was taken
};

class AppWorld : public deploy::World {
  public:
    using Process = Host::Process;

    AppWorld(Ground& ground, Disk& disk, Host& host);

    void begin();  // the daemon is up
    core::Answer handle(const core::Event& event);
    core::Answer handle_in_batch(const core::Event& event);
    void checked();  // after what was done without an event
    void retry();    // to store what the disk refused
    void poll_now();
    // Kills a process of the app, if one runs.
    void crash_something();

    [[nodiscard]] deploy::Engine& engine() { return engine_; }
    [[nodiscard]] bool healthy() const { return engine_.healthy(); }
    [[nodiscard]] const core::AppState& state() const { return engine_.state(); }
    [[nodiscard]] const core::Settings& settings() const { return engine_.settings(); }
    [[nodiscard]] const AppName& name() const { return name_; }
    [[nodiscard]] Host& host() { return host_; }
    [[nodiscard]] Remote& remote() { return remote_; }
    [[nodiscard]] const std::optional<Process>& process(Slot slot) const {
        return host_.processes[index(slot)];
    }
    [[nodiscard]] Slot users() const { return users_; }
    [[nodiscard]] bool armed(core::TimerKind kind) const { return timers_.contains(kind); }
    [[nodiscard]] std::optional<DeploymentId> fetching() const { return fetching_; }
    [[nodiscard]] std::optional<DeploymentId> building() const { return building_; }
    [[nodiscard]] bool serves_users() const {
        const auto& process = this->process(users_);
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
    [[nodiscard]] Instant now() override { return ground_.clock.told(); }
    [[nodiscard]] const core::Standing* promoted_from() override;
    // With `promote`: the other app, of the same daemon.
    void promote_from(AppWorld& source);
    [[nodiscard]] const AppWorld* source() const { return source_; }

  private:
    void look_for_promotion();
    void later(Millis delay, Clock::Task task);  // not after the daemon's death
    void noted(const core::Effect& effect);
    void drop_work();
    [[nodiscard]] core::DaemonStarted take_over();
    void lead(Process& process);
    void follow(Slot slot);
    void end_in(Process& process, Millis delay, const char* status);
    void end_process(Slot slot, std::uint64_t serial, const char* status, bool asked);
    void become_ready(Slot slot, std::uint64_t serial);
    void not_ready_in_time(Slot slot, std::uint64_t serial);
    void users_came();
    void grow(Slot slot, std::uint64_t serial, Millis delay);
    void probe(Slot slot, std::uint64_t serial, int failed);
    void fetch_ended(const core::DoFetch& effect, bool failed);
    void build_ended(const core::DoBuild& effect, bool hung);
    void polled();
    void schedule_poll();
    void prune();
    Process* same(Slot slot, std::uint64_t serial);

    Ground& ground_;
    Disk& disk_;
    Host& host_;
    Remote& remote_;
    const AppName& name_;
    deploy::Engine engine_;
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
    bool beginning_ = false;
    AppWorld* source_ = nullptr;
    std::vector<AppWorld*> promoted_here_;  // apps that this one proves commits for
    core::Standing standing_;
    std::uint64_t promotion_serial_ = 0;
    bool was_healthy_ = true;  // before the step: what is performed was decided just now
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::sim
