// One app's part of a decision: what becomes of its proposals, else the next step of its rollout.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lastgood/core/rollout.h"

namespace lastgood::core {

class RolloutStep {
  public:
    struct Ground {
        const FleetView& view;
        const RolloutSettings& settings;
        const Controllership& controllership;
        Instant now;
        WallTime wall;
    };

    RolloutStep(const Ground& ground, const AppName& app, const FleetApp& keys,
                const Settings& app_settings, ControllerMemory& memory, FleetActs& acts);
    void run();

  private:
    // A live host that has the app.
    struct Member {
        const HostName* name = nullptr;
        const Kept<HostRecord>* record = nullptr;
        const HostApp* app = nullptr;
        const Kept<Grant>* grant = nullptr;  // that is out
        std::string zone = {};
    };
    struct Target {
        CommitId commit;
        bool back = false;
        bool catch_up = false;
    };
    struct Candidate {
        const Member* member;
        Target target;
    };
    using Proposals = std::vector<const Kept<Proposal>*>;

    // ---- rollout_step.cpp
    void collect();
    void look_for_restore();
    [[nodiscard]] const Wish* wish() const { return keys_.wish ? &keys_.wish->value : nullptr; }
    [[nodiscard]] bool wish_is_back() const { return wish()->trigger == Trigger::rollback; }
    [[nodiscard]] bool is_bad(const CommitId& commit) const {
        return keys_.quarantine.contains(commit);
    }
    [[nodiscard]] bool is_rolling() const {
        return next_.state == RolloutState::canary || next_.state == RolloutState::waves;
    }
    [[nodiscard]] std::optional<CommitId> fleet_good() const;
    [[nodiscard]] bool was_good(const CommitId& commit) const;  // of the whole fleet
    [[nodiscard]] const Member* find(const HostName& host) const;
    [[nodiscard]] int unavailable_max() const {
        return hosts_within(ground_.settings.max_unavailable, members_.size());
    }
    void again_at(Instant at);
    void wait_for(std::string why) { acts_.waits[app_] = std::move(why); }
    void tell_once(FleetNews kind, std::string text);
    // ---- the transaction
    void put(std::string key, FleetValue value, LeaseId lease = 0);
    void remove(std::string key) { transaction_.removes.push_back(std::move(key)); }
    void compare(KeyComparison::Of of, std::string key, Revision equals);
    void notice(FleetNews kind, const std::optional<CommitId>& commit, std::string text);
    void quarantine(const CommitId& commit, std::string reason, std::string host);
    void commit();

    // ---- rollout_history.cpp
    void record(const Proposal& proposal, std::string decision, std::string reason);
    void record_end(std::string decision, std::string reason);
    [[nodiscard]] bool is_in_history(const std::string& id) const;

    // ---- rollout_proposals.cpp
    bool decide_proposals();
    [[nodiscard]] std::pair<std::string, std::string> rejection(const Proposal& proposal) const;
    bool reject_some(Proposals& waiting);
    bool decide_order(const Proposals& waiting, std::size_t at);
    bool decide_pushes(const Proposals& waiting);
    bool decide_rollback(const Proposals& over, const Proposal& order);
    bool choose(const Proposals& waiting, Request request);
    std::optional<FetchFacts> facts_for(const FleetQuestion& question);
    bool wait_for_commit(const std::string& reason);
    void ask_anew();
    [[nodiscard]] std::optional<CommitId> base() const;
    bool take(const Proposals& waiting, const Proposal& chosen, const CommitId& commit);
    bool turn_down(const Proposals& waiting, const Proposal& chosen, const std::string& decision,
                   const std::string& reason);
    [[nodiscard]] bool must_wait_for_wave(const Proposal& chosen);
    void make_wish(const Proposals& waiting, const Proposal& chosen, const CommitId& commit);

    // ---- rollout_judge.cpp
    void follow();
    void end_grants();
    void end_grant(const Member& member);
    void look_for_missing();
    void judge();
    void note_failed_canaries();
    void choose_canaries();
    [[nodiscard]] bool places_are_taken() const;
    [[nodiscard]] bool has_begun(const Member& member) const;
    [[nodiscard]] bool can_be_canary(const Member& member) const;
    [[nodiscard]] bool canaries_are_well() const;
    void soak();
    void judge_waves();
    void note_failures();
    void halt(std::string reason, bool quarantined);
    [[nodiscard]] std::string failure_text() const;

    // ---- rollout_grants.cpp
    void give_grants();
    [[nodiscard]] std::optional<Target> target_of(const Member& member) const;
    [[nodiscard]] bool takes_part(const Member& member, const Target& target) const;
    [[nodiscard]] std::vector<Candidate> candidates();
    [[nodiscard]] bool is_due(const Candidate& candidate);
    [[nodiscard]] bool is_forward_held();
    [[nodiscard]] std::optional<std::string> open_zone(const std::vector<Candidate>& of) const;
    [[nodiscard]] std::set<HostName> unavailable() const;
    void give(const Candidate& candidate);

    const Ground& ground_;
    const AppName& app_;
    const FleetApp& keys_;
    const Settings& app_settings_;
    ControllerMemory& controller_;
    RolloutMemory& memory_;
    FleetActs& acts_;

    std::vector<Member> members_;      // by name
    std::optional<WishMark> ahead_;    // a newer wish than etcd's, that a host has seen
    std::int64_t newest_number_ = 0;   // of all wishes that anyone has seen
    std::int64_t history_number_ = 0;  // of the last entry
    bool wish_waits_ = false;          // for the wave
    Rollout next_;
    std::optional<FleetGood> good_;  // with what this step makes of it
    FleetTransaction transaction_;
};

}  // namespace lastgood::core
