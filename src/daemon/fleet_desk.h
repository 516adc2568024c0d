// The fleet in the daemon: the agent's process, and what goes between it and the apps. An app
// without the fleet never gets here. On the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/app_service.h"
#include "daemon/fleet_app.h"
#include "daemon/site.h"
#include "lastgood/fleet/host.h"

namespace lastgood::daemon {

class FleetDesk {
  public:
    using Apps = std::vector<std::unique_ptr<AppService>>;
    // Whether etcd has it now; the reason why not.
    using OnKept = std::function<void(bool kept, const std::string& why_not)>;

    // Both outlive the desk.
    FleetDesk(Site& site, const Apps& apps);

    // As the config is now: the agent is started, ended, or has a new one take its place.
    void apply();
    // `leaving`: with the apps.
    void stop(bool leaving, std::function<void()> stopped);

    [[nodiscard]] bool has(const AppName& app) const { return members_.contains(app); }
    // One host of a fleet looks at the repository for all.
    [[nodiscard]] bool looks(const AppName& app) const { return !has(app) || state_.controls; }
    // Something happened to an app.
    void recorded(const AppName& app, const std::vector<core::Record>& records);
    void changed(const AppName& app);
    // The poller found this tip. True: it is the fleet's matter; the app does nothing by itself.
    bool saw(const AppName& app, const CommitId& tip);
    // `done` comes once, later.
    void propose(const AppName& app, core::Proposal proposal, OnKept done);
    [[nodiscard]] const fleet::AgentState& state() const { return state_; }
    // How the group is, as JSON; {"group":null} where this host is in none. `done` comes once,
    // later.
    using OnSeen = std::function<void(Expected<std::string> json)>;
    void look(OnSeen done);

  private:
    [[nodiscard]] fleet::AgentSettings settings() const;
    [[nodiscard]] AppService* service(const AppName& app) const;
    void take(fleet::FromAgent message);
    void take(const fleet::AgentLog& log);
    void take(const fleet::AgentState& state);
    void take(const fleet::DeployAsk& ask);
    void take(const fleet::WithdrawAsk& ask);
    void take(const fleet::Proposed& proposed);
    void take(const fleet::FactsAsk& ask);
    void take(const fleet::GroupTold& told);
    void begun();
    void gone();
    void tell(const AppName& app);

    struct Question {
        std::unique_ptr<git::Session> session;
    };
    struct Waiter {
        OnKept done;
        sys::EventLoop::Timer deadline;
    };

    Site& site_;
    const Apps& apps_;
    std::unique_ptr<fleet::AgentHost> host_;
    std::map<AppName, FleetApp> members_;
    std::map<AppName, std::string> told_;  // the last news of it, as they were sent
    fleet::AgentState state_;
    std::uint64_t last_seq_ = 0;
    std::map<std::uint64_t, Waiter> proposals_;
    struct Onlooker {
        OnSeen done;
        sys::EventLoop::Timer deadline;
    };
    std::map<std::uint64_t, Onlooker> onlookers_;
    std::map<std::uint64_t, Question> questions_;
    std::map<AppName, CommitId> tips_;  // that were proposed
    std::vector<AppName> changed_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The id of a proposal: the same delivery has the same one, whoever received it.
std::string proposal_id(const std::string& kind, const std::string& foreign_id);

}  // namespace lastgood::daemon
