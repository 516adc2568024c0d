// The nouns of a deployment: what is asked for, how far it is, how it ended.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/time.h"

namespace lastgood::core {

enum class Trigger { webhook, poll, cli, rollback, crash_loop, fleet, promote };
enum class Phase { queued, fetching, building, starting, probation };
enum class Outcome { good, failed, rolled_back, superseded, cancelled };

// Asked for by no person: bound by pause, stop and quarantine.
constexpr bool is_automatic(Trigger trigger) {
    return trigger == Trigger::webhook || trigger == Trigger::poll || trigger == Trigger::fleet ||
           trigger == Trigger::promote;
}
constexpr bool is_way_back(Trigger trigger) {
    return trigger == Trigger::rollback || trigger == Trigger::crash_loop;
}

std::string_view to_string(Trigger trigger);
std::string_view to_string(Phase phase);
std::string_view to_string(Outcome outcome);
std::optional<Trigger> parse_trigger(std::string_view text);
std::optional<Phase> parse_phase(std::string_view text);

// A wish that a newer one took the place of. It is remembered until the ancestry is known: forges
// deliver out of order, and the one that came last need not be the newest commit.
struct Candidate {
    CommitId commit;
    std::string delivery;
    bool operator==(const Candidate&) const = default;
};

struct Request {
    Trigger trigger = Trigger::cli;
    std::optional<CommitId> commit;  // none: the branch's tip
    std::string delivery;            // the forge's id, empty for others
    std::string by;                  // the person, empty for others
    bool force = false;              // take the commit out of quarantine
    std::vector<Candidate> over;
    bool operator==(const Request&) const = default;
};

// One request being carried out, before users get to it.
struct Deployment {
    DeploymentId id;
    Request request;
    Phase phase = Phase::queued;
    std::optional<CommitId> commit;  // known after fetching
    int fetch_failures = 0;
    int start_attempts = 0;  // stored before each start, as boot counters are
    Millis waited{0};        // for the commit to appear at the remote
    // The live commit that the fetch under way compares with; not stored.
    std::optional<CommitId> compared_with = {};
    bool operator==(const Deployment&) const = default;
};

}  // namespace lastgood::core
