// The deployment machine: every rule of what happens to an app, as one pure function.
//
//   step(settings, state, event, context) -> the next state, what to record, what to do
//
// The engine stores next state and records in one transaction, then performs the effects in order
// and feeds their results back as events. Every effect is safe to do twice: after a crash the
// machine is given DaemonStarted and asks again for whatever was under way.
//
// The rules (each is tested by its name in tests/core):
//   Waiting   one place, latest wins; a newer request cancels fetching, building and starting,
//   never
//             a switch. Without two slots a start isn't cancelled either: the old release has
//             stopped by then, and users would be left with nothing.
//   Fleet     a wish of the fleet means exactly its commit, whatever waited before it.
//   Order     forges deliver out of order, so a request keeps the commits that it superseded, and
//             after fetching the newest by ancestry is deployed; of more than kCandidatesMax the
//             branch's tip.
//   Bad       a build that fails is `failed` and may be tried again; a release that isn't ready, or
//             ends before it is, is `failed` and quarantined; `crash_loop.crashes` exits within the
//             probation, however far apart, or kProbeFailuresMax failed probes in a row end as
//             `rolled_back` and quarantined.
//   Back      to the newest good release that isn't quarantined, by the journal's order; further
//   back
//             if that one fails; with none left the release is kept restarting, state `failed`. It
//             is not quarantined then: there is nothing better to run.
//   Warm      with two slots the previous release runs on until the probation ends; the first crash
//             of the trial moves users there at once, and the trial's release tries again unseen.
//   Good      a good release that crashes is restarted with backoff, not rolled back (unless
//             rollback_after_good).
//   Renewed   a good release that grew over memory_max, no longer answers its probes or whose hour
//             has come (restart.every) runs on until a fresh process of it is ready in the other
//             slot; without two slots it is stopped and started. On trial too much memory counts
//             as a crash, and its hour is not kept.
//   Promoted  with `promote` nothing that the other app hasn't proved is deployed by itself, nor by
//             an operator without force (promotion_policy.h); what came in waits, and is asked for
//             when it is proved.
//   Told      once when what serves users crashes in a loop or nothing good is left, and once more
//             when it has run for `crash_loop.within` since; once when the repository can't be
//             reached for a while, and when it can again.
//   Poller    only a tip that hasn't been acted on becomes a request; so a failed build, a rollback
//             or a deploy of an older commit is not fought.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lastgood/core/app_state.h"
#include "lastgood/core/commit_policy.h"
#include "lastgood/core/news_kind.h"

namespace lastgood::core {

// ---- events
// First event of each life of the daemon. What the one before it left running is taken over where
// is_taken_over() says so, by when that process was started; all else has been ended. Of one that
// was not ready yet RunReady or RunNotReady comes as of any other.
struct DaemonStarted {
    std::array<std::optional<Instant>, 2> running_since{};
};
struct RequestArrived {
    Request request;
};
struct Fetched {
    DeploymentId deployment;
    FetchFacts facts;
};
struct FetchFailed {
    DeploymentId deployment;
    std::string reason;
    bool permanent = false;
};
struct Built {
    DeploymentId deployment;
};
struct BuildFailed {
    DeploymentId deployment;
    std::string reason;
};
struct RunReady {
    Slot slot;
    RunId run;
};
struct RunNotReady {
    Slot slot;
    RunId run;
    std::string reason;
};
struct ProbeFailed {
    Slot slot;
    RunId run;
    int in_a_row = 0;
    std::string reason;
};
struct RunExited {
    Slot slot;
    RunId run;
    std::string status;
    std::string tail;  // last lines of output
    bool asked = false;
};
enum class TimerKind { fetch_retry, restart_blue, restart_green, probation, settled };
struct TimerFired {
    TimerKind kind;
};
struct PollSaw {
    CommitId tip;
};
struct PromotionDue {};  // the other app may have proved something
struct LookFailed {      // the poller could not find the tip
    int in_a_row = 0;
    std::string reason;
};
struct RollbackAsked {
    std::optional<CommitId> to;
    std::string by;
};
struct PauseAsked {};
struct ResumeAsked {};
struct StartAsked {};
struct StopAsked {};
struct RestartAsked {};
enum class RenewCause { memory, liveness, schedule, config };
struct RenewWanted {
    RenewCause cause;
    std::string reason;  // for people
};
// The fleet takes a wish of its own back. What is past building goes on.
struct WithdrawAsked {
    DeploymentId deployment;
    std::string reason;
};
struct QuarantineReleaseAsked {
    CommitId commit;
};
struct ReleaseRemoved {  // by retention; comes before its directory goes
    CommitId commit;
};

using Event =
    std::variant<DaemonStarted, RequestArrived, Fetched, FetchFailed, Built, BuildFailed, RunReady,
                 RunNotReady, ProbeFailed, RunExited, TimerFired, PollSaw, PromotionDue, LookFailed,
                 RollbackAsked, PauseAsked, ResumeAsked, StartAsked, StopAsked, RestartAsked,
                 RenewWanted, WithdrawAsked, QuarantineReleaseAsked, ReleaseRemoved>;

// ---- records: rows of the journal, written in the step's transaction
struct DeploymentQueued {
    DeploymentId id;
    Request request;
};
struct DeploymentMoved {
    DeploymentId id;
    Phase phase;
    std::optional<CommitId> commit;
};
struct DeploymentEnded {
    DeploymentId id;
    Outcome outcome;
    std::string reason;
};
struct Quarantined {
    CommitId commit;
    std::string reason;
};
struct Unquarantined {
    CommitId commit;
};
struct BecameGood {
    CommitId commit;
};
struct DeliveryRedecided {  // after fetching more is known than when it came in
    std::string delivery;
    std::string decision;
    std::string reason;
};
// Worth telling, and in no other record.
struct Noticed {
    NewsKind kind = NewsKind::crashed;
    DeploymentId deployment;  // started
    std::optional<CommitId> commit;
    std::string reason;
};
using Record = std::variant<DeploymentQueued, DeploymentMoved, DeploymentEnded, Quarantined,
                            Unquarantined, BecameGood, DeliveryRedecided, Noticed>;

// ---- effects
struct DoFetch {
    DeploymentId deployment;
    std::vector<CommitId> candidates;  // empty: the tip
    std::optional<CommitId> live;
};
struct DoBuild {  // materialise and build, if not done yet
    DeploymentId deployment;
    CommitId commit;
    Trigger trigger;
    std::optional<CommitId> previous;
};
struct CancelWork {
    DeploymentId deployment;
};
struct DoStart {
    Slot slot;
    RunId run;
    CommitId commit;
    // With the command line that the release ran with last; else with the config's of today, which
    // is recorded for the release.
    bool as_recorded = false;
    // It was good before and users wait for it: it has kPatience times as long to become ready.
    bool patient = false;
};
struct DoStop {
    Slot slot;
};
struct DoSwitch {
    Slot slot;
    CommitId commit;
};
struct WatchHealth {
    Slot slot;
    bool on = false;
};
struct SetTimer {
    TimerKind kind;
    Millis delay;
};
struct ClearTimer {
    TimerKind kind;
};
struct Prune {};
enum class HookKind { after_switch, on_rollback, on_failure };
struct RunHook {
    HookKind kind;
    CommitId commit;
};
struct PollNow {};
enum class Tone { info, warn, error };
struct Tell {
    Tone tone;
    std::string text;
};
using Effect = std::variant<DoFetch, DoBuild, CancelWork, DoStart, DoStop, DoSwitch, WatchHealth,
                            SetTimer, ClearTimer, Prune, RunHook, PollNow, Tell>;

// What to tell whoever asked.
struct Answer {
    bool accepted = true;
    std::string decision;  // for a request: "deploy" or "ignored"
    std::string reason;
    DeploymentId deployment;  // that carries it out, if one does
};

struct Context {
    Instant now;
    std::int64_t next_deployment_id = 1;      // unused so far; the step takes as many as it needs
    const Standing* promoted_from = nullptr;  // with `promote`; null: nothing is proved
};

struct Step {
    AppState next;
    std::vector<Record> records;
    std::vector<Effect> effects;
    Answer answer;
    std::int64_t next_deployment_id = 1;
    // The effects keep users served, or an operator wants them at the processes (what runs, and all
    // news of it): they must not wait for a disk that refuses the record. What is fetched and built
    // waits.
    bool urgent = false;
};

// Whether the next daemon goes on with what this slot's process is, if it still is there: what
// serves, and of what was being started the live release and the one that is being deployed.
bool is_taken_over(const Settings& settings, const AppState& state, Slot slot);

Step step(const Settings& settings, const AppState& state, const Event& event,
          const Context& context);

}  // namespace lastgood::core
