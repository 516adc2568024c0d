// The app on one host, as its daemon handles it, made simple: one slot, so that users get no answer
// from the stop of the old release until the new one is ready.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "lastgood/core/fleet_member.h"
#include "sim_fleet/repository.h"

namespace lastgood::sim_fleet {

class Witness;

class LocalApp {
  public:
    enum class Phase { building, starting, probation, going_back };

    struct Work {
        core::MemberDeploy order;
        Phase phase = Phase::building;
        std::uint64_t serial = 0;
        bool resumed = false;  // after the host died: it is away for that, not for the deployment
    };

    LocalApp(Ground& ground, Repository& repository, Witness& witness, int host)
        : ground_(ground), repository_(repository), witness_(witness), host_(host) {}

    void deploy(const core::MemberDeploy& order);
    void withdraw(std::uint64_t order);
    void roll_back_by_hand();
    void pause_by_hand(bool paused);
    void died();  // with the host
    void booted();
    [[nodiscard]] core::MemberLocal told() const;

    [[nodiscard]] const std::optional<CommitId>& commit() const { return commit_; }
    [[nodiscard]] const std::optional<Work>& work() const { return work_; }
    // Users may be without answers because of a deployment, or soon.
    [[nodiscard]] bool is_restarting() const {
        return work_ && work_->phase != Phase::building && !work_->resumed;
    }
    [[nodiscard]] bool is_down() const { return down_; }
    [[nodiscard]] bool paused() const { return paused_; }

    std::function<void()> changed;
    std::function<void()> takes_host_down;

  private:
    void begin();
    void then(Millis delay, void (LocalApp::*next)());
    void built();
    void started();
    void probation_over();
    void go_back();
    void back();
    void end(core::GrantOutcome outcome, const std::string& reason);
    [[nodiscard]] bool is_bad_here(const CommitId& commit) const;

    Ground& ground_;
    Repository& repository_;
    Witness& witness_;
    int host_;
    bool alive_ = true;
    std::uint64_t serial_ = 0;

    // ---- on disk
    std::optional<CommitId> commit_;
    std::vector<CommitId> good_;  // the newest last
    std::set<CommitId> quarantine_;
    std::set<CommitId> took_down_;
    std::uint64_t order_ = 0;
    core::GrantOutcome outcome_ = core::GrantOutcome::none;
    std::string reason_;
    std::uint64_t orders_ = 0;
    std::string operator_did_;
    bool paused_ = false;
    std::optional<Work> work_;
    std::optional<core::MemberDeploy> waiting_;

    bool down_ = false;     // nothing to go back to
    bool failing_ = false;  // after its probation
};

}  // namespace lastgood::sim_fleet
