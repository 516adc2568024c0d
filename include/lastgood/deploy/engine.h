// Carries out what the deployment machine decides for one app.
//
// handle() takes an event through the pure machine, has the next state and its records stored in
// one transaction, and only then performs the effects, in order. Nothing here waits, opens or
// forks: the World does, and answers with events later (never from inside a call). The simulation
// runs this same engine on a world of its own.
//
// When the journal refuses (a full disk), urgent effects (all about what runs) are performed all
// the same, and before them what is held by then, in order, so that apps keep being served; others
// are held until retry() succeeds. The state
// in memory is ahead of the disk meanwhile, and healthy() says so: deliveries are not accepted
// then.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/core/machine.h"

namespace lastgood::deploy {

// The outside world of one app. Every call is safe to do twice.
class World {
  public:
    virtual ~World() = default;
    virtual void perform(const core::DoFetch& effect) = 0;
    virtual void perform(const core::DoBuild& effect) = 0;
    virtual void perform(const core::CancelWork& effect) = 0;
    virtual void perform(const core::DoStart& effect) = 0;
    virtual void perform(const core::DoStop& effect) = 0;
    virtual void perform(const core::DoSwitch& effect) = 0;
    virtual void perform(const core::WatchHealth& effect) = 0;
    virtual void perform(const core::SetTimer& effect) = 0;
    virtual void perform(const core::ClearTimer& effect) = 0;
    virtual void perform(const core::Prune& effect) = 0;
    virtual void perform(const core::RunHook& effect) = 0;
    virtual void perform(const core::PollNow& effect) = 0;
    virtual void perform(const core::Tell& effect) = 0;
    // After a step was stored: for whoever follows events.
    virtual void recorded(const std::vector<core::Record>& records) = 0;
    [[nodiscard]] virtual Instant now() = 0;
    // For an app with `promote`: how commits stand at the other app now; null: nothing is known.
    [[nodiscard]] virtual const core::Standing* promoted_from() { return nullptr; }
};

class Storage {
  public:
    virtual ~Storage() = default;
    virtual Expected<void> save(const AppName& app, const core::AppState& state,
                                const std::vector<core::Record>& records) = 0;
    // The state alone, without waiting for the disk: it outlives this process, and not a loss of
    // power. Outside of batches.
    virtual Expected<void> save_at_once(const AppName& app, const core::AppState& state) {
        return save(app, state, {});
    }
    // Shared by all apps; the engine gives back the next unused one.
    virtual std::int64_t next_deployment_id() = 0;
    virtual void set_next_deployment_id(std::int64_t next) = 0;
};

class Engine {
  public:
    Engine(AppName app, core::Settings settings, core::AppState state, Storage& storage,
           World& world);

    core::Answer handle(const core::Event& event);

    // Between begin_batch and end_batch events are handled and nothing is stored or done.
    // store_batch() stores what came of all of them at once, in the caller's transaction; when it
    // fails that must not be committed. With `committed` false everything is as it was before.
    void begin_batch();
    Expected<void> store_batch();
    void end_batch(bool committed);
    // Does what a committed batch led to: later than its end, so that whoever waits for the commit
    // alone is answered first. The next event does it, too.
    void flush();

    // Tries again to store what the journal refused.
    void retry();
    [[nodiscard]] bool healthy() const { return !behind_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    [[nodiscard]] const core::AppState& state() const { return state_; }
    [[nodiscard]] const core::Settings& settings() const { return settings_; }
    // Other rules from the next event on; two_slots must stay as it was.
    void set_settings(core::Settings settings);
    [[nodiscard]] const AppName& app() const { return app_; }

  private:
    void perform_held();
    void perform_effects();
    void perform(const std::vector<core::Effect>& effects);
    void leave_out_cancelled_work();

    AppName app_;
    core::Settings settings_;
    core::AppState state_;
    Storage& storage_;
    World& world_;

    bool behind_ = false;  // the disk knows less than state_
    std::string trouble_;
    std::vector<core::Record> held_records_;
    std::vector<core::Effect> held_effects_;
    std::vector<core::Record> stored_records_;  // of a committed batch, not told yet
    std::vector<core::Effect> stored_effects_;

    bool in_batch_ = false;
    bool batch_changed_ = false;
    core::AppState before_batch_;
};

}  // namespace lastgood::deploy
