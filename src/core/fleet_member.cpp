#include "lastgood/core/fleet_member.h"

#include <algorithm>

#include "lastgood/base/mutant.h"

namespace lastgood::core {
namespace {

class Member {
  public:
    Member(const MemberView& view, const MemberLocal& local, const MemberMemory& memory)
        : view_(view), local_(local), is_new_(memory.cluster == 0) {
        next().memory = memory;
    }

    MemberActs decide() {
        hear_operator();
        hear_outcome();
        if (view_.current) {
            look_at_store();
            if (view_.grant) follow(*view_.grant);
        } else {
            withdraw();
        }
        report();
        return std::move(acts_);
    }

  private:
    MemberActs& next() { return acts_; }
    MemberMemory& memory() { return acts_.memory; }

    // By hand means: not before the next wish.
    void hear_operator() {
        if (is_new_) memory().orders = local_.orders;
        if (local_.orders == memory().orders) return;
        memory().orders = local_.orders;
        memory().refusal = Refusal{memory().seen.number, local_.operator_did};
    }

    void hear_outcome() {
        if (local_.order != memory().order || local_.outcome == GrantOutcome::none) return;
        if (memory().wish.empty() || memory().outcome == local_.outcome)
            return;  // withdrawn; known
        memory().outcome = local_.outcome;
        memory().reason = local_.reason;
    }

    void look_at_store() {
        const bool went_back =
            !is_new_ && (view_.cluster != memory().cluster || view_.revision < memory().revision);
        if (went_back) {
            memory().bad_before.insert(memory().quarantine.begin(), memory().quarantine.end());
            next().notice = "etcd's data went back from revision " +
                            std::to_string(memory().revision) + " to " +
                            std::to_string(view_.revision) +
                            ", or is another cluster's: it was restored from a backup, or made "
                            "anew; this host follows no wish that is older than its own";
        } else {
            // What is free again now was freed by someone.
            for (const auto& commit : memory().quarantine) {
                if (!view_.quarantine.contains(commit)) memory().bad_before.erase(commit);
            }
        }
        memory().cluster = view_.cluster;
        memory().revision = view_.revision;
        memory().quarantine = view_.quarantine;
        if (view_.wish && view_.wish->number > memory().seen.number) {
            const Wish& wish = *view_.wish;
            memory().seen = WishMark{wish.number, wish.id, wish.commit, wish.at};
        }
        if (memory().refusal && memory().refusal->up_to < memory().seen.number) {
            memory().refusal.reset();
        }
    }

    // Of its commit; empty: it is in no quarantine.
    [[nodiscard]] std::string why_bad(const Grant& grant) {
        if (grant.force) {
            memory().bad_before.erase(grant.commit);
            memory().quarantine.erase(grant.commit);
        }
        if (memory().quarantine.contains(grant.commit)) {
            return "commit " + grant.commit.short_hex() + " is in the fleet's quarantine";
        }
        if (LASTGOOD_MUTANT(fleet_quarantine_restored_away,
                            memory().bad_before.contains(grant.commit), false)) {
            return "commit " + grant.commit.short_hex() +
                   " was in the fleet's quarantine before etcd's data went back; `lastgood fleet "
                   "deploy --force` takes it all the same";
        }
        return {};
    }

    // Empty: nothing speaks against it.
    [[nodiscard]] std::string why_not(const Grant& grant) {
        const WishMark& seen = memory().seen;
        const bool older =
            grant.number < seen.number || (grant.number == seen.number && grant.wish != seen.id);
        if (LASTGOOD_MUTANT(fleet_older_wish_followed, older, false)) {
            return "this host has seen a newer wish, number " + std::to_string(seen.number);
        }
        if (grant.back) return {};
        if (std::string reason = why_bad(grant); !reason.empty()) return reason;
        if (local_.paused) return "the app is paused on this host";
        const auto& refusal = memory().refusal;
        if (LASTGOOD_MUTANT(fleet_operator_fought, refusal.has_value(), false)) {
            return refusal->reason;
        }
        return {};
    }

    void follow(const Grant& grant) {
        const bool same = memory().wish == grant.wish && memory().granted == grant.commit;
        if (LASTGOOD_MUTANT(fleet_grant_taken_twice, same, false)) return go_on(grant);
        memory().wish = grant.wish;
        memory().granted = grant.commit;
        memory().outcome = GrantOutcome::none;
        memory().reason = why_not(grant);
        if (!memory().reason.empty()) {
            memory().outcome = GrantOutcome::declined;
        } else if (local_.commit == grant.commit && local_.proved && !local_.busy) {
            memory().outcome = GrantOutcome::good;
        } else if (LASTGOOD_MUTANT(fleet_tried_again, was_tried(grant), false)) {
            memory().outcome = GrantOutcome::declined;
            memory().reason =
                "commit " + grant.commit.short_hex() + " was deployed here for this wish before";
        } else {
            if (!grant.back) memory().tried.insert(grant.commit);
            ++memory().order;
            deploy(grant);
        }
        // It takes the place of an earlier one all the same, and nothing leads back to that.
        const bool declined = memory().outcome == GrantOutcome::declined;
        if (declined && is_at_work() && !local_.begun) next().withdraw = memory().order;
    }

    // Only restored data asks for it twice.
    [[nodiscard]] bool was_tried(const Grant& grant) {
        if (memory().tried_wish != grant.wish) memory().tried.clear();
        memory().tried_wish = grant.wish;
        return !grant.back && memory().tried.contains(grant.commit);
    }

    // The daemon has the last order, and it isn't over.
    [[nodiscard]] bool is_at_work() const {
        return local_.order == acts_.memory.order && local_.order > 0 && local_.busy &&
               local_.outcome == GrantOutcome::none;
    }

    // It was taken up before.
    void go_on(const Grant& grant) {
        const bool arrived = local_.order == memory().order;
        const bool is_open = memory().outcome == GrantOutcome::none;
        const bool works = arrived ? is_at_work() : is_open;
        const bool begun = arrived && local_.begun;
        std::string reason = grant.back || begun || !works ? std::string() : why_bad(grant);
        if (LASTGOOD_MUTANT(fleet_bad_goes_on, !reason.empty(), false)) {
            next().withdraw = memory().order;
            memory().outcome = GrantOutcome::declined;
            memory().reason = std::move(reason);
        } else if (is_open && !arrived) {
            deploy(grant);  // the daemon never heard of it
        }
    }

    void deploy(const Grant& grant) {
        next().deploy =
            MemberDeploy{memory().order, grant.wish, grant.commit, grant.back, grant.force};
    }

    // The grant is gone with the lease, or soon will be. With the next one it is taken up anew.
    void withdraw() {
        const bool under_way = !memory().wish.empty() && memory().outcome == GrantOutcome::none;
        const bool arrived = local_.order == memory().order;
        if (LASTGOOD_MUTANT(fleet_cut_off_goes_on, false, true)) return;
        if ((arrived && local_.begun) || (!under_way && !is_at_work())) return;
        next().withdraw = memory().order;
        if (memory().granted) memory().tried.erase(*memory().granted);
        memory().wish.clear();
        memory().granted.reset();
    }

    void report() {
        HostApp& report = next().report;
        report.commit = local_.commit;
        report.state = local_.state;
        report.health = local_.health;
        report.busy = local_.busy;
        report.wish = memory().wish;
        report.granted = memory().granted;
        report.outcome = memory().outcome;
        report.reason = memory().reason;
        report.seen = memory().seen;
        report.refusal = memory().refusal;
        if (local_.paused) report.refusal = Refusal{kEveryWish, "the app is paused on this host"};
    }

    const MemberView& view_;
    const MemberLocal& local_;
    const bool is_new_;
    MemberActs acts_;
};

}  // namespace

MemberActs decide_member(const MemberView& view, const MemberLocal& local,
                         const MemberMemory& memory) {
    return Member(view, local, memory).decide();
}

}  // namespace lastgood::core
