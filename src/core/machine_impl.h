// One step of the deployment machine, while it is being worked out. See lastgood/core/machine.h for
// the rules; the handlers are in machine_*.cpp by what they are about.
#pragma once

#include <string>

#include "lastgood/base/mutant.h"
#include "lastgood/core/machine.h"

namespace lastgood::core {

class Machine {
  public:
    Machine(const Settings& settings, const AppState& state, const Context& context);

    // One per event, so that std::visit finds it.
    void on(const DaemonStarted& event);
    void on(const RequestArrived& event);
    void on(const Fetched& event);
    void on(const FetchFailed& event);
    void on(const Built& event);
    void on(const BuildFailed& event);
    void on(const RunReady& event);
    void on(const RunNotReady& event);
    void on(const ProbeFailed& event);
    void on(const RunExited& event);
    void on(const TimerFired& event);
    void on(const PollSaw& event);
    void on(const PromotionDue& event);
    void on(const LookFailed& event);
    void on(const RollbackAsked& event);
    void on(const PauseAsked& event);
    void on(const ResumeAsked& event);
    void on(const StartAsked& event);
    void on(const StopAsked& event);
    void on(const RestartAsked& event);
    void on(const RenewWanted& event);
    void on(const WithdrawAsked& event);
    void on(const QuarantineReleaseAsked& event);
    void on(const ReleaseRemoved& event);

    Step take() { return std::move(step_); }

  private:
    // ---- machine.cpp: small tools
    template <typename T>
    void effect(T value) {
        step_.effects.emplace_back(std::move(value));
    }
    template <typename T>
    void record(T value) {
        step_.records.emplace_back(std::move(value));
    }
    void tell(Tone tone, std::string text) { effect(Tell{tone, std::move(text)}); }
    void accept(std::string decision, std::string reason, DeploymentId id = {});
    void refuse(std::string reason);
    DeploymentId new_id();
    Deployment queue(Request request);
    void end(DeploymentId id, Outcome outcome, std::string reason);
    void free_of_quarantine(const CommitId& commit);
    void put_in_quarantine(const CommitId& commit, const std::string& reason);
    void become_good(const CommitId& commit);
    void notice(NewsKind kind, const CommitId& commit, std::string reason) {
        record(Noticed{kind, {}, commit, std::move(reason)});
    }
    [[nodiscard]] bool is_current(RunId run, Slot slot) const;
    [[nodiscard]] bool is_on_the_way(const CommitId& commit) const;
    [[nodiscard]] bool is_live_to_stay(const CommitId& commit) const;

    // ---- machine_notice.cpp: what is told once
    void raise_alarm(const CommitId& commit, const std::string& reason);
    void end_alarm(const CommitId& commit);
    void settled();
    void repository_answers();
    void repository_is_away(const std::string& reason);

    // ---- machine_work.cpp: from the request to the start
    [[nodiscard]] std::string why_not(const Request& request) const;
    [[nodiscard]] bool may_be_superseded() const;
    void supersede(Deployment& older, Request& newer);
    void begin_work(Deployment deployment);
    void next_work();
    void deploy_chosen(const CommitChoice& choice);
    void give_up_fetching(const std::string& reason);
    void forget_seen(const Deployment& deployment);
    void swap_for_candidate(const Candidate& candidate);
    void begin_building();
    void end_work(Outcome outcome, const std::string& reason);
    void cancel_work(Outcome outcome, const std::string& reason);

    void poll_saw(const CommitId& tip);

    // ---- machine_promotion.cpp
    [[nodiscard]] bool needs_proof(const Request& request) const;
    [[nodiscard]] std::string why_it_waits(const Request& request, const CommitId& commit) const;
    void wait_for_proof(const CommitId& commit);
    [[nodiscard]] std::vector<CommitId> proved_now() const;
    void promote_proved();
    void taken_as_proved(const CommitId& commit);
    void keep_proved(Deployment& deployment) const;
    void not_promoted(const std::string& reason);
    void leave_unproved(const CommitId& commit, const std::string& reason);

    // ---- machine_start.cpp: from the start to the switch, and a start that fails
    [[nodiscard]] Slot work_slot() const { return other(s_.active); }
    [[nodiscard]] bool is_work_run(Slot slot) const;
    void begin_starting();
    void start_when_empty();
    void go_live(Slot slot);
    void start_failed(const std::string& reason);
    void keep_restarting(const CommitId& commit, Slot slot, const std::string& reason);

    // ---- machine_runs.cpp: what runs, its crashes, the way back
    void start_run(Slot slot, const CommitId& commit, bool as_recorded = true);
    void stop_run(Slot slot);
    void empty(Slot slot);
    void restart_later(Slot slot, const CommitId& commit, Millis ran);
    void stopped_run(Slot slot, const CommitId& commit, bool restart);
    [[nodiscard]] bool live_is_left() const;
    // Without two slots: for the work's release, which is being started.
    [[nodiscard]] bool live_has_stopped() const {
        return !settings_.two_slots && s_.work && s_.work->phase == Phase::starting;
    }
    void resume_live();
    bool serve_live();
    void start_beside_live();
    void resume_taken_over();
    void run_again();
    void trial_runs(bool runs);
    void trial_crashed(const RunExited& event, Millis ran);
    void trial_failed(const std::string& reason);
    void end_of_probation();
    void good_crashed(const RunExited& event, Millis ran);
    bool leave_kept(const std::string& reason);
    void back_to_warm(Slot warm);
    void go_back(const std::string& reason);
    void put_work_back();

    // ---- machine_renew.cpp: the live release in a fresh process
    void trial_misbehaved(const std::string& reason);
    [[nodiscard]] bool is_fresh_run(Slot slot) const;
    void renewed(Slot slot);
    bool start_beside();
    void restart_in_place(Slot slot);
    void watch_live();
    void live_is_deaf(const ProbeFailed& event);

    // ---- machine_operator.cpp
    void roll_back_to(const CommitId& target, const std::string& by);

    const Settings& settings_;
    const Context& context_;
    Millis just_ran_{0};  // of the trial's running time: since the state was stored
    Step step_;
    AppState& s_;  // the next state
};

}  // namespace lastgood::core
