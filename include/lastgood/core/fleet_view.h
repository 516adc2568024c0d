// What a group of hosts keeps in etcd, as plain structs: one for each kind of key, and the view of
// all of them at one revision. No JSON and no etcd here: module fleet reads and writes them.
//
// Keys are named without the prefix `/lastgood/GROUP/`; the functions at the end make them.
//
//   apps/APP/proposals/ID     Proposal    created once, by whoever took the delivery or the order
//   apps/APP/wish             Wish        controller
//   apps/APP/rollout          Rollout     controller, in each of its transactions about the app
//   apps/APP/good             FleetGood   controller
//   apps/APP/quarantine/ID    BadCommit   controller; ID is the commit
//   apps/APP/grants/HOST      Grant       controller, with the lease of the host
//   apps/APP/history/NUMBER   FleetEntry  controller, the newest kFleetHistoryMax
//   apps/APP/paused           FleetPause  an operator
//   hosts/HOST                HostRecord  the host, with its lease
//   hosts/HOST/apps/APP       HostApp     the host, with its lease, in one transaction with the
//   above election/controller…      the controller's election key, with its lease
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/time.h"
#include "lastgood/core/deployment.h"

namespace lastgood::core {

using Revision = std::int64_t;  // etcd's; as that of a key 0 means that the key isn't there
using LeaseId = std::int64_t;   // etcd's; 0: bound to none

// A host's name in its group: 1 to 253 of [a-z0-9._-], beginning with a letter or digit.
class HostName {
  public:
    // Nothing when the text is none; upper-case letters are lowered.
    static std::optional<HostName> parse(std::string_view text);
    [[nodiscard]] const std::string& str() const { return name_; }
    auto operator<=>(const HostName&) const = default;

  private:
    explicit HostName(std::string name) : name_(std::move(name)) {}
    std::string name_;
};

// A value, and what etcd says of its key.
template <typename T>
struct Kept {
    T value;
    Revision created = 0;
    Revision modified = 0;
    LeaseId lease = 0;
    bool operator==(const Kept&) const = default;
};

// A verified delivery (webhook, poll) or an operator's order (cli, rollback). For cli no commit
// means the branch's tip, for rollback the good one before.
struct Proposal {
    std::string id;
    Trigger trigger = Trigger::webhook;
    std::optional<CommitId> commit = {};
    std::string ref = {};
    std::string by = {};
    bool force = false;  // take the commit out of quarantine
    WallTime at{};
    bool operator==(const Proposal&) const = default;
};

// What every host shall have. Numbers grow by one with each wish of an app; a number that goes back
// tells that etcd's data was restored from a backup.
struct Wish {
    std::string id;  // the proposal's
    std::int64_t number = 0;
    CommitId commit;
    Trigger trigger = Trigger::webhook;
    std::string by = {};
    bool force = false;
    WallTime at{};
    std::optional<CommitId> previous = {};  // the fleet's last good when it was made
    bool operator==(const Wish&) const = default;
};

// What a host remembers of the newest wish that it saw.
struct WishMark {
    std::int64_t number = 0;  // 0: none yet
    std::string id = {};
    std::optional<CommitId> commit = {};
    WallTime at{};
    bool operator==(const WishMark&) const = default;
};

struct FleetGood {
    CommitId commit;
    WallTime since{};
    std::vector<CommitId> before = {};  // the good ones before it, newest first, kFleetGoodMax
    bool operator==(const FleetGood&) const = default;
};

struct BadCommit {
    std::string reason;
    std::string host = {};  // where it proved bad; empty: an operator said so
    WallTime at{};
    bool operator==(const BadCommit&) const = default;
};

// One host's leave to deploy one commit, once.
struct Grant {
    std::string wish;
    std::int64_t number = 0;
    CommitId commit;
    bool back = false;   // away from a commit that proved bad or was left: to one that was good
    bool force = false;  // though it is in the host's own quarantine
    bool operator==(const Grant&) const = default;
};

enum class RolloutState { canary, waves, done, halted };

struct HostFailure {
    bool proof = false;  // the release itself is bad: not ready, or a crash loop
    std::string reason;
    bool operator==(const HostFailure&) const = default;
};

struct Rollout {
    std::string wish = {};
    std::int64_t number = 0;
    RolloutState state = RolloutState::canary;
    Revision epoch = 0;            // create revision of the writer's election key
    std::string transaction = {};  // id of the last one, to recognise one whose answer was lost
    std::vector<HostName> canaries = {};
    std::set<HostName> wave = {};                   // were given a grant that has not ended
    std::map<HostName, HostFailure> failures = {};  // of this wish
    std::set<HostName> lost = {};  // vanished during their deployment, and are not back
    std::string reason = {};       // of halted, for people
    bool operator==(const Rollout&) const = default;
};

struct FleetPause {
    std::string by;
    WallTime at{};
    bool operator==(const FleetPause&) const = default;
};

// What became of one proposal.
struct FleetEntry {
    std::string id;
    std::optional<CommitId> commit = {};
    Trigger trigger = Trigger::webhook;
    std::string by = {};
    // "wish" and then "done" "halted" or "superseded"; or "stale" "ignored" "refused" "duplicate"
    std::string decision;
    std::string reason = {};
    WallTime at{};                            // of the proposal
    std::optional<WallTime> decided_at = {};  // or ended
    bool operator==(const FleetEntry&) const = default;
};

struct HostRecord {
    std::map<std::string, std::string> labels;
    std::string version;
    bool operator==(const HostRecord&) const = default;
};

// Of an app on one host: users get answers; what is live crashes or fails its probes; nobody does.
enum class HostHealth { ok, failing, down };
// Of the grant that a host took up last. `declined` is no fault: paused, left by its operator,
// superseded.
enum class GrantOutcome { none, good, bad, failed, declined };

// A host's word that it takes no grants of wishes up to this number.
struct Refusal {
    std::int64_t up_to = 0;
    std::string reason;
    bool operator==(const Refusal&) const = default;
};
constexpr std::int64_t kEveryWish = INT64_MAX;

struct HostApp {
    std::optional<CommitId> commit = {};  // live, judged or good
    std::string state = {};               // as `status` says it
    HostHealth health = HostHealth::ok;
    bool busy = false;      // a deployment is under way, or in its probation
    std::string wish = {};  // of the last grant that was taken up, with its commit
    std::optional<CommitId> granted = {};
    GrantOutcome outcome = GrantOutcome::none;
    std::string reason = {};
    WishMark seen = {};  // the newest wish that this host ever saw
    std::optional<Refusal> refusal = {};
    bool operator==(const HostApp&) const = default;

    // What became of the grant of this commit for this wish; none: not ended, or never taken up.
    [[nodiscard]] GrantOutcome outcome_of(const std::string& of_wish, const CommitId& of) const {
        return wish == of_wish && granted == of ? outcome : GrantOutcome::none;
    }
};

// ---- the view
struct FleetApp {
    std::map<std::string, Kept<Proposal>> proposals = {};  // by id
    std::optional<Kept<Wish>> wish = {};
    std::optional<Kept<Rollout>> rollout = {};
    std::optional<Kept<FleetGood>> good = {};
    std::map<CommitId, Kept<BadCommit>> quarantine = {};
    std::map<HostName, Kept<Grant>> grants = {};
    std::optional<Kept<FleetPause>> paused = {};
    std::map<std::int64_t, Kept<FleetEntry>> history = {};  // by number
    std::map<HostName, Kept<HostApp>> hosts = {};
};

// All keys of the group at one revision. Values that can't be read are left out by the reader, who
// tells of them.
struct FleetView {
    std::uint64_t cluster = 0;  // etcd's cluster id
    Revision revision = 0;
    std::map<HostName, Kept<HostRecord>> hosts = {};
    std::map<AppName, FleetApp> apps = {};
};

// ---- names of keys, without the group's prefix
std::string proposal_key(const AppName& app, std::string_view id);
std::string wish_key(const AppName& app);
std::string rollout_key(const AppName& app);
std::string good_key(const AppName& app);
std::string quarantine_key(const AppName& app, const CommitId& commit);
std::string grant_key(const AppName& app, const HostName& host);
std::string history_key(const AppName& app, std::int64_t number);  // 12 digits: sorted by number
std::string paused_key(const AppName& app);
std::string host_key(const HostName& host);
std::string host_app_key(const HostName& host, const AppName& app);

// ---- words of the values
std::string_view to_string(RolloutState state);
std::string_view to_string(HostHealth health);
std::string_view to_string(GrantOutcome outcome);
std::optional<RolloutState> parse_rollout_state(std::string_view text);
std::optional<HostHealth> parse_host_health(std::string_view text);
std::optional<GrantOutcome> parse_grant_outcome(std::string_view text);

}  // namespace lastgood::core
