// The simulated disk: keeps what the journal keeps, in the form in which the journal keeps it (the
// state goes through state_codec, good releases and quarantine are lists of their own), refuses
// writes when told, and survives the daemon.
#pragma once

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
        std::string state;
        std::vector<CommitId> good;  // newest first
        std::map<CommitId, std::string> quarantine;
        std::set<CommitId> built;
        std::map<std::string, Delivery> deliveries;
        std::optional<CommitId> current;  // the link
    };
    struct Content {
        std::map<std::string, App> apps;
        std::map<std::int64_t, Deployment> deployments;
    };

    explicit Disk(Ground& ground) : ground_(ground) {}

    Expected<void> save(const AppName& app, const core::AppState& state,
                        const std::vector<core::Record>& records) override;
    std::int64_t next_deployment_id() override { return next_id_; }
    void set_next_deployment_id(std::int64_t next) override { next_id_ = next; }

    [[nodiscard]] bool takes_writes() const { return !ground_.faults.disk_refuses; }
    void begin_batch() { before_batch_ = content_; }
    Expected<void> commit_batch();
    void abort_batch();
    // The daemon has died: what was not committed is gone.
    void daemon_died();

    std::function<void(const CommitId&)> on_good;

    core::AppState load(const AppName& app);
    App& app(const AppName& name) { return content_.apps[name.str()]; }
    [[nodiscard]] const Content& content() const { return content_; }

  private:
    void write(const std::string& app, const core::Record& record);

    Ground& ground_;
    Content content_;
    std::optional<Content> before_batch_;
    std::int64_t next_id_ = 1;
};

}  // namespace lastgood::sim
