// One app of the fleet on this host: what the fleet asked for and what became of it, what operators
// of this host did, and how the app is. Kept in the journal, so that a new daemon goes on. On the
// loop's thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/app_service.h"
#include "daemon/site.h"
#include "lastgood/core/fleet_member.h"

namespace lastgood::daemon {

class FleetApp {
  public:
    FleetApp(Site& site, AppName name);

    // Done once: an order that was heard before changes nothing.
    void deploy(AppService& service, const core::MemberDeploy& order);
    // What is past building goes on.
    void withdraw(AppService& service, std::uint64_t order);
    // Of the app's engine, by whomever.
    void recorded(const AppService& service, const std::vector<core::Record>& records);
    [[nodiscard]] core::MemberLocal local(const AppService& service) const;

  private:
    struct Ended {
        core::Outcome outcome = core::Outcome::good;
        std::string reason;
    };

    void load();
    void save();
    core::Answer begin(AppService& service, const core::MemberDeploy& order);
    core::Answer go_back(AppService& service, const core::MemberDeploy& order);
    void end(const AppService& service, const Ended& ended);

    Site& site_;
    const AppName name_;
    std::uint64_t order_ = 0;  // the last one
    std::string wish_;         // that it is of
    DeploymentId deployment_;  // that carries it out
    std::optional<CommitId> commit_;
    core::GrantOutcome outcome_ = core::GrantOutcome::none;
    std::string reason_;
    std::uint64_t orders_ = 0;  // of operators
    std::string operator_did_;
    // Ends that were heard while it isn't known yet which deployment is the order's.
    std::map<DeploymentId, Ended> ended_;
};

}  // namespace lastgood::daemon
