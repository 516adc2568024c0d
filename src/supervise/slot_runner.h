// One slot of an app: the run in it from its start over readiness and health to its end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lastgood/supervise/app_runner.h"
#include "supervise/drain.h"
#include "supervise/notify_socket.h"
#include "supervise/readiness.h"
#include "supervise/run.h"

namespace lastgood::supervise {

class SlotRunner {
  public:
    // What the slots of an app share; outlives them.
    struct Shared {
        sys::EventLoop& loop;
        sys::Reaper& reaper;
        const RunnerConfig& config;
        logs::OutputLog& log;
        // Passes news on to the listener, deferred.
        std::function<void(std::function<void(const Listener&)>)> tell;
        std::function<void(Slot)> emptied;
    };

    SlotRunner(Shared shared, Slot slot, MakeTarget target)
        : shared_(std::move(shared)),
          slot_(slot),
          target_(std::move(target)),
          ready_rules_(shared_.config.ready) {}
    SlotRunner(const SlotRunner&) = delete;
    SlotRunner& operator=(const SlotRunner&) = delete;

    [[nodiscard]] bool empty() const { return !run_; }
    [[nodiscard]] SlotInfo info() const;
    [[nodiscard]] process::ProcessTree tree() const { return run_->tree(); }

    // `listening`: the app's sockets; the run gets this slot's of each.
    void start(RunSpec spec, const std::vector<process::SlotSockets>& listening);
    // What an earlier daemon started here, and saw ready.
    Expected<void> take_over(const LeftRun& left);
    // `idle` set: wait for it first, within the bounds of the Drain; a later call without it ends
    // the wait.
    void stop(Millis drain_min, std::function<bool()> idle);
    void watch_health(bool on);
    // By the config's limits as they are now.
    void limit();
    // Of the release that runs, or ran last.
    [[nodiscard]] const config::Ready& ready_rules() const { return ready_rules_; }

  private:
    Expected<sys::SpawnSpec> make_spawn(const RunSpec& spec,
                                        const std::vector<process::SlotSockets>& listening);
    Expected<void> pass_sockets(const std::vector<process::SlotSockets>& listening,
                                const std::string& preload, sys::SpawnSpec& spawn);
    std::unique_ptr<Run> make_run(RunId id);
    void await_ready(bool patient);
    void update_health();
    void ended(ExitReport report);

    Shared shared_;
    Slot slot_;
    MakeTarget target_;
    config::Ready ready_rules_;
    RunId run_id_;
    std::unique_ptr<Run> run_;
    std::unique_ptr<NotifySocket> notify_;
    int preloaded_ = -1;        // the socket that the program is to take by its bind(2)
    bool handed_over_ = false;  // by the protocol of LISTEN_FDS
    std::unique_ptr<Readiness> readiness_;
    std::unique_ptr<HealthWatch> health_;
    std::unique_ptr<Drain> drain_;
    bool ready_ = false;
    bool stopping_ = false;
    bool health_wanted_ = false;
};

}  // namespace lastgood::supervise
