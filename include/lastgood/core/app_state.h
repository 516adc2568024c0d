// All that the rules know of one app. The engine stores it whole after each step.
//
// Wishes, deployments and what really runs are kept apart:
//   waiting  the one place for the next request; latest wins
//   work     the deployment that is fetched, built or started: users don't see it yet
//   trial    the release that users got last, until its probation ends. A newer push is fetched and
//            built meanwhile, so work and trial can exist together; the trial ends as superseded
//            only when the newer release takes its place
//   live     the commit that users get, in slot `active`
//   slots    what is meant to run in each slot now
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/core/deployment.h"
#include "lastgood/core/settings.h"

namespace lastgood::core {

enum class RunState { empty, starting, running, backoff, stopping };

struct SlotState {
    RunState state = RunState::empty;
    std::optional<CommitId> commit;  // none exactly when empty
    RunId run;
    int failures = 0;      // in a row, for the backoff
    Instant started;       // of this run; not stored, but told by a process that is taken over
    bool restart = false;  // start it again when it has stopped
    bool operator==(const SlotState&) const = default;
};

struct Trial {
    // 0: no deployment is judged any more. There was nothing to go back to, the release is kept
    // restarting, and becomes good when it lives through a whole probation in one go.
    DeploymentId deployment;
    CommitId commit;
    Slot slot = Slot::blue;
    int crashes = 0;
    Millis ran{0};                 // running time up to `since`
    std::optional<Instant> since;  // it runs and users get it
    bool operator==(const Trial&) const = default;
};

struct AppState {
    bool paused = false;
    bool stopped = false;      // by the operator
    bool failed = false;       // nothing good to go back to
    bool alarm = false;        // it was told that what serves users crashes, or that nothing does
    bool unreachable = false;  // it was told that the repository can't be reached
    std::optional<Deployment> waiting;
    std::optional<Deployment> work;
    std::optional<Trial> trial;
    std::optional<CommitId> live;
    Slot active = Slot::blue;
    std::array<SlotState, 2> slots;
    std::vector<CommitId> good;  // newest first, in the order in which they became good
    std::map<CommitId, std::string> quarantine;  // with the reason
    std::optional<CommitId> seen_tip;            // the branch's tip that was acted on last
    // Taken out of quarantine since, and not good anew: they prove nothing to other apps.
    std::set<CommitId> freed;
    // With `promote`: a commit of the branch that isn't proved yet, the newest proved one that was
    // looked at, and whether the branch didn't hold that one.
    std::optional<CommitId> waits_for;
    std::optional<CommitId> promoted;
    bool promoted_off_branch = false;
    std::vector<Instant> crashes_after_good;  // recent ones; not stored
    std::uint64_t runs = 0;                   // made so far; numbers the next
    bool operator==(const AppState&) const = default;

    [[nodiscard]] const SlotState& slot(Slot which) const { return slots[index(which)]; }
    [[nodiscard]] SlotState& slot(Slot which) { return slots[index(which)]; }
    [[nodiscard]] bool is_good(const CommitId& commit) const;
    [[nodiscard]] bool is_quarantined(const CommitId& commit) const {
        return quarantine.contains(commit);
    }
    // Running and ready: users could be sent there now.
    [[nodiscard]] bool serves(Slot which) const { return slot(which).state == RunState::running; }
};

// The newest good release that may be gone back to, other than `than`.
std::optional<CommitId> rollback_target(const AppState& state, const std::optional<CommitId>& than);

// The live release runs in this slot, and nothing else may come in its place: no deployment is
// under way, and none is judged.
bool stands_alone(const AppState& state, Slot slot);

// A run of `commit` has just ended in this slot, and the next one of it is to come.
bool starts_again(const AppState& state, Slot slot, const CommitId& commit);

// The word for people: "empty", "running", "probation", "backoff", "stopped", "failed".
std::string_view condition(const AppState& state);

}  // namespace lastgood::core
