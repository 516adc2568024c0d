// What one host does with what etcd says: the other half of core/rollout.h, as pure as that.
//
//   decide_member(keys, local, memory) -> what the daemon shall do, what to write under hosts/HOST
//
//   Grant      a commit is deployed by a grant alone, once for each wish and commit. That it was
//              taken up is stored before the daemon is told.
//   Stale      with the lease not surely held, or a view that isn't current, nothing new is begun.
//              What was begun by a grant is withdrawn while it is only fetched or built: the
//              controller counts on a vanished host being done within `lost_hold`.
//   Superseded a grant of an older wish than the newest seen is declined.
//   Declined   a grant that is declined takes the place of an earlier one all the same: what that
//              one has only fetched or built is withdrawn, for nothing would lead back from it.
//   Bad        a commit in the fleet's quarantine isn't deployed, one that the fleet frees is. One
//              that comes there while it is fetched or built is withdrawn. What was in quarantine
//              before etcd's data went back stays so here.
//   Operator   whoever rolled back, deployed or paused here by hand isn't fought: until the next
//              wish (paused: until resumed) this host refuses, and says why. A grant to go back is
//              refused by neither a pause nor an earlier order.
//   Restored   etcd's revision or cluster went back: told. A wish that is older than the newest
//              seen here isn't followed.
//   Report     what became of a grant is told again and again, over reconnects and restarts.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lastgood/core/fleet_view.h"

namespace lastgood::core {

// What this host sees of one app.
struct MemberView {
    bool current = false;  // the lease is surely held, and the view not older than it may be
    std::uint64_t cluster = 0;
    Revision revision = 0;
    std::optional<Wish> wish = {};
    std::optional<Grant> grant = {};  // this host's
    std::set<CommitId> quarantine = {};
};

// What the daemon says of one app.
struct MemberLocal {
    std::optional<CommitId> commit = {};  // live
    bool proved = false;                  // it is good: its probation is over
    std::string state = {};               // as `status` says it
    HostHealth health = HostHealth::ok;
    bool paused = false;            // or stopped, by an operator
    std::string operator_did = {};  // what the last order of an operator here was, for people
    std::uint64_t orders = 0;       // deploy, rollback, stop by operators of this host, so far
    bool busy = false;              // a deployment, by whomever, is under way or waits
    bool begun = false;             // what `order` deploys is past fetching and building
    // Of the MemberDeploy that came last. `none`: it isn't over.
    std::uint64_t order = 0;
    GrantOutcome outcome = GrantOutcome::none;
    std::string reason = {};
};

// Stored on this host, before what comes of it is done.
struct MemberMemory {
    std::uint64_t cluster = 0;
    Revision revision = 0;  // the highest seen
    WishMark seen = {};
    std::string wish = {};  // the grant that was taken up last
    std::optional<CommitId> granted = {};
    std::uint64_t order = 0;  // of the last MemberDeploy
    // Forward: what was deployed here for the wish that was taken up last.
    std::string tried_wish = {};
    std::set<CommitId> tried = {};
    GrantOutcome outcome = GrantOutcome::none;
    std::string reason = {};
    std::uint64_t orders = 0;
    std::optional<Refusal> refusal = {};  // by an operator's order
    std::set<CommitId> quarantine = {};   // of the fleet, as seen last
    std::set<CommitId> bad_before = {};   // kept over a restore
    bool operator==(const MemberMemory&) const = default;
};

struct MemberDeploy {
    std::uint64_t order = 0;  // the same one may be told again: it is done once
    std::string wish;
    CommitId commit;
    bool back = false;   // it was good here or elsewhere: no build where its release is still here
    bool force = false;  // take it out of this host's quarantine
};

struct MemberActs {
    // In this order: store the memory, then tell the daemon and write the report.
    MemberMemory memory;
    std::optional<MemberDeploy> deploy = {};
    std::optional<std::uint64_t> withdraw = {};  // cancel this order, if it is not begun
    HostApp report = {};                         // for hosts/HOST/apps/APP
    std::optional<std::string> notice = {};      // for people
};

MemberActs decide_member(const MemberView& view, const MemberLocal& local,
                         const MemberMemory& memory);

}  // namespace lastgood::core
