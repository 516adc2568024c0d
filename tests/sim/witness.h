// Watches one app from outside through all lives of the daemon: what came in, what was recorded and
// what was done. Its rules are those that users rely on, said once more and as plainly as can be:
// counts, times and lists of its own, and nothing of how the machine comes to its decisions.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lastgood/core/machine.h"
#include "sim/disk.h"
#include "sim/remote.h"

namespace lastgood::sim {

class AppWorld;

class Witness {
  public:
    Witness(Ground& ground, Remote& remote, Disk& disk, AppName app)
        : ground_(ground), remote_(remote), disk_(disk), app_(std::move(app)) {}

    void daemon_started(const core::Settings& settings, const core::AppState& loaded);
    void daemon_died(bool power_lost);
    // Around each event that the machine takes. In a batch nothing is stored or done yet.
    void begin(const core::Event& event, const AppWorld& world);
    void end(const core::Answer& answer, const AppWorld& world, bool in_batch);
    void stored(const Disk::Records& records);
    void performed(const core::Effect& effect, const AppWorld& world);
    // All that was decided so far has been done.
    void caught_up();
    void prune_failed() { lists_differ_ = true; }

  private:
    // ---- witness_requests.cpp: which wishes are carried out
    void check_request(const core::Request& request, const core::Answer& answer,
                       const core::AppState& after);
    void check_refusal(const core::Request& request) const;
    void check_superseded(const core::Answer& answer, const core::AppState& after) const;
    void check_choice(const core::Fetched& event, const core::AppState& after);
    void hear_absence(const core::Fetched& event);
    void check_turned_down(const core::Fetched& event, const core::AppState& after) const;
    void check_poll(const core::PollSaw& event, const core::AppState& after);
    void check_withdrawal(const core::WithdrawAsked& event, const core::Answer& answer,
                          const core::AppState& after);
    void check_rollback(const core::RollbackAsked& event, const core::Answer& answer);
    void hear_operator(const core::Answer& answer, bool healthy);
    [[nodiscard]] std::optional<CommitId> newest_good(const std::optional<CommitId>& than) const;
    [[nodiscard]] bool is_proved(const CommitId& commit) const;
    [[nodiscard]] bool may_wait_for_proof(const CommitId& commit) const;
    void check_proved(const core::Deployment& work) const;
    [[nodiscard]] bool is_good(const CommitId& commit) const;
    [[nodiscard]] bool is_bad(const CommitId& commit) const;

    // ---- witness_records.cpp: the journal and the hooks
    void check_noticed(const core::Noticed& noticed);
    void check_ended(const core::DeploymentEnded& ended, const Disk::Records& all);
    void check_way_back(const core::DeploymentQueued& queued, const Disk::Records& all) const;
    void check_open_deployments() const;
    void check_became_good(const CommitId& commit) const;
    void check_hook(const core::RunHook& hook, const AppWorld& world);
    void check_timer(const core::SetTimer& timer) const;
    void check_fetch(const core::DoFetch& fetch);
    void hear_fetch_failed(const core::FetchFailed& event);
    void check_tried_again(const core::FetchFailed& event, const core::AppState& after) const;
    void check_removed(const CommitId& commit, const AppWorld& world) const;

    // ---- witness_runs.cpp: what runs
    void follow_trial(const core::AppState& state);
    void count_crashes(const core::Answer& answer);
    void check_trial(const core::AppState& after) const;
    void check_good_crash(const core::RunExited& event, const core::AppState& after);
    void check_renewal(const core::AppState& after) const;
    void check_warm(const core::AppState& after) const;
    void hear_taken_over(const core::DaemonStarted& started);
    void check_served_time(const AppWorld& world, bool healthy);
    void check_start(const core::DoStart& start);
    void hear_exit(const core::RunExited& event);
    [[nodiscard]] bool is_news_of(Slot slot, RunId run) const;

    template <typename T>
    [[nodiscard]] const T* event() const {
        return event_ == nullptr ? nullptr : std::get_if<T>(event_);
    }
    static void must(bool holds, const char* what) { Ground::must(holds, what); }

    Ground& ground_;
    Remote& remote_;
    Disk& disk_;
    AppName app_;
    core::Settings settings_;

    const core::Event* event_ = nullptr;
    core::AppState before_;
    bool was_healthy_ = true;
    // What the operator said last; nothing where it may have been lost.
    std::optional<bool> paused_ = false;
    std::optional<bool> stopped_ = false;
    bool told_down_ = false;     // whoever is told of it thinks that the app crashes
    bool told_away_ = false;     // and that its repository is away
    bool word_at_risk_ = false;  // not stored yet
    bool lists_differ_ = false;  // of good releases: one couldn't be removed whole

    // A build of this tip failed, and nothing has happened since.
    std::optional<CommitId> failed_tip_;
    // What the fleet took back, and nothing was asked for since.
    std::optional<CommitId> withdrawn_;
    // Fetches of one deployment.
    DeploymentId fetched_;
    int fetch_failures_ = 0;
    int absences_ = 0;
    Instant fetch_not_before_;
    std::optional<Instant> absent_since_;

    std::map<std::int64_t, int> starts_;  // of a deployment, since it was built
    using Hook = std::pair<core::HookKind, CommitId>;
    void hook_due(core::HookKind kind, const CommitId& commit);
    std::multiset<Hook> hooks_due_;
    std::multiset<Hook> hooks_ran_;  // before their reason was stored
    std::optional<CommitId> switched_to_;

    // The release on trial.
    std::int64_t trial_ = 0;
    int crashes_ = 0;
    int crashes_stored_ = 0;
    bool crashed_now_ = false;
    std::optional<CommitId> served_commit_;
    Millis served_{0};
    Millis served_stored_{0};
    Millis slept_{0};                        // of the served time
    std::map<CommitId, Millis> ended_well_;  // their served time, until that is stored
    bool serving_ = false;
    bool served_exactly_ = true;
    Instant looked_;
    Millis slept_before_{0};
    int set_back_before_ = 0;

    struct Row {
        std::optional<CommitId> commit;
        int crashes = 0;  // soon after the start, one after the other
        Instant not_before;
    };
    std::array<Row, 2> rows_;
    std::map<std::uint64_t, Instant> started_;  // by run
    std::map<CommitId, std::vector<Instant>> crashes_after_good_;
};

}  // namespace lastgood::sim
