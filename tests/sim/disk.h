// The simulated disk: keeps what the journal keeps, in the form in which the journal keeps it (the
// state goes through state_codec when it is read again, good releases and quarantine are lists of
// their own), refuses writes when told, and survives the daemon. Without power it loses what was
// saved at once only: from some write on, as a log that is torn at its end is read.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lastgood/deploy/engine.h"
#include "sim/ground.h"

namespace lastgood::sim {

class Disk : public deploy::Storage {
  public:
    struct Deployment {
        std::string app;
        core::Request request;
        core::Phase phase = core::Phase::queued;
        std::optional<CommitId> commit;
        std::optional<core::Outcome> outcome;
        std::string reason;
    };
    struct Delivery {
        CommitId commit;
        std::string decision;
        std::string reason;
    };
    struct App {
        core::AppState state;
        std::vector<CommitId> good;  // newest first
        std::map<CommitId, std::string> quarantine;
        std::set<CommitId> built;
        std::map<std::string, Delivery> deliveries;
        std::optional<CommitId> current;  // the link
        std::set<std::int64_t> open;      // deployments without an outcome
        // By a deployment's probation, and when; the last one last. And when taken out of
        // quarantine.
        std::vector<std::pair<CommitId, Instant>> became_good;
        std::map<CommitId, Instant> freed;
    };
    using Records = std::vector<core::Record>;

    explicit Disk(Ground& ground) : ground_(ground) {}

    Expected<void> save(const AppName& app, const core::AppState& state,
                        const Records& records) override;
    Expected<void> save_at_once(const AppName& app, const core::AppState& state) override;
    std::int64_t next_deployment_id() override { return next_id_; }
    void set_next_deployment_id(std::int64_t next) override { next_id_ = next; }

    [[nodiscard]] bool takes_writes() const { return !ground_.faults.disk_refuses; }
    void begin_batch();
    [[nodiscard]] bool has_delivery(const AppName& app, const std::string& id);
    void add_delivery(const AppName& app, const std::string& id, Delivery delivery);
    Expected<void> commit_batch();
    void abort_batch();
    // What was not committed is gone.
    void daemon_died();
    void power_lost();

    // After each transaction, with what it wrote.
    std::function<void(const AppName&, const Records&)> on_stored;

    core::AppState load(const AppName& app);
    App& app(const AppName& name) { return apps_[name.str()]; }
    [[nodiscard]] const Deployment& deployment(DeploymentId id) const {
        return deployments_.at(id.value);
    }
    [[nodiscard]] const std::map<std::int64_t, Deployment>& deployments() const {
        return deployments_;
    }

  private:
    struct Save {
        AppName app;
        core::AppState state;
        Records records;
    };
    void apply(Save save);
    void write(const std::string& app, const core::Record& record);
    Deployment& open_deployment(DeploymentId id);

    Ground& ground_;
    std::map<std::string, App> apps_;
    std::map<std::int64_t, Deployment> deployments_;
    bool in_batch_ = false;
    std::vector<Save> batch_;
    std::vector<std::pair<AppName, std::pair<std::string, Delivery>>> batch_deliveries_;
    // What was on disk before each write that a loss of power may take back.
    std::vector<std::pair<AppName, core::AppState>> unsynced_;
    std::int64_t next_id_ = 1;
};

}  // namespace lastgood::sim
