// Watches the whole group from outside: each transaction as etcd applies it, and each deployment as
// its host carries it out. Its rules are those that users rely on, said once more and as plainly as
// can be: counts and lists of its own, and nothing of how controllers and members decide.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "lastgood/core/fleet_member.h"
#include "sim_fleet/etcd.h"
#include "sim_fleet/repository.h"

namespace lastgood::sim_fleet {

class Host;
struct Setup;

class Witness {
  public:
    Witness(Ground& ground, Etcd& etcd, Repository& repository, const Setup& setup)
        : ground_(ground), etcd_(etcd), repository_(repository), setup_(setup) {}
    void watch(const std::vector<std::unique_ptr<Host>>& hosts) {
        hosts_ = &hosts;
        told_.resize(hosts.size());
    }

    // ---- of etcd
    void before(const Transaction& transaction);
    void look();  // after anything that may change who is away
    void decided(Instant held_until);
    void acknowledged(const std::string& proposal) { acknowledged_[proposal] = ground_.now(); }
    void restored(Instant to);
    // ---- of hosts
    void ordered(int host, const core::MemberDeploy& order, std::int64_t of_wish);
    void begun(int host, const core::MemberDeploy& order);
    void starting(int host);
    void noted(int host, const char* what) const;
    void cancelled(int host);
    void ended(int host, core::GrantOutcome outcome);
    void operator_acted(int host);
    void died();
    void booted(int host) { told(host).good_since.clear(); }
    void saw(int host, const core::MemberView& view);

    // Everything has settled. `last`: the branch's tip, where it was a good push after the trouble.
    void check_end(const std::optional<CommitId>& last);

  private:
    struct Told {
        std::optional<core::MemberDeploy> work;
        std::map<std::uint64_t, std::int64_t> number_of;  // of the wish, by order
        // By the wish's number, too: a delivery that comes again when a restore took away what
        // became of it makes another wish.
        std::set<std::tuple<std::string, std::int64_t, CommitId>> tried;
        std::map<CommitId, Instant> good_since;
        std::map<CommitId, std::string> good_for;  // the wish
        std::int64_t newest_seen = 0;
        std::int64_t refused_up_to = 0;
        std::set<CommitId> quarantine;  // as this host saw it last
        std::set<CommitId> bad_before;  // and before it was restored
        std::uint64_t cluster = 0;
        Revision revision = 0;
    };

    void check_grant(const Put& put, const core::Grant& grant, const Transaction& transaction);
    using Grants = std::map<std::string, const core::Grant*>;
    void check_soak(const core::Wish& wish);
    void check_canary(const core::Grant& grant, const Grants& others, const std::string& host,
                      Revision seen);
    void check_zone(const core::Grant& grant, const Grants& others, const std::string& host) const;
    void check_tries(const core::Grant& grant, const std::string& host, Revision seen,
                     bool is_rolling) const;
    [[nodiscard]] static bool rolls_on(const Transaction& transaction);
    void check_restore(Revision seen) const;
    void check_wish(const core::Wish& wish, const Transaction& transaction);
    void check_good(const core::FleetGood& good, const Transaction& transaction) const;
    void note_outcomes(const Put& put, const Transaction& transaction);
    void check_done(Revision seen) const;
    void check_halt(const Transaction& transaction) const;
    void note_canaries(const core::Rollout& rollout) const;
    void check_proposals() const;
    void check_hosts() const;
    [[nodiscard]] bool waits_rightly(const core::Wish& wish) const;
    void check_host(const Host& host, const core::Wish& wish, core::RolloutState state) const;

    [[nodiscard]] const Host& host(int number) const {
        return *(*hosts_)[static_cast<std::size_t>(number)];
    }
    [[nodiscard]] const Host& named(const std::string& name) const;
    [[nodiscard]] Told& told(int host) { return told_[static_cast<std::size_t>(host)]; }
    [[nodiscard]] const core::RolloutSettings& settings() const;
    // In etcd: the grants with their hosts' names; the hosts' words of this app.
    [[nodiscard]] Grants grants() const;
    [[nodiscard]] Grants after(const Transaction& transaction) const;
    [[nodiscard]] std::map<std::string, std::pair<const core::HostApp*, Revision>> apps() const;
    [[nodiscard]] const core::Wish* wish() const;
    [[nodiscard]] const core::Rollout* rollout() const;
    static void must(bool holds, const std::string& what) {
        if (!holds) Ground::broken(what);
    }

    Ground& ground_;
    Etcd& etcd_;
    Repository& repository_;
    const Setup& setup_;
    const std::vector<std::unique_ptr<Host>>* hosts_ = nullptr;
    std::vector<Told> told_;
    std::map<std::string, Instant> acknowledged_;
    std::map<std::string, std::string> decided_;  // by proposal
    std::map<std::string, Instant> proposed_;
    std::map<CommitId, Instant> first_good_;  // on any host
    std::set<std::string> soaked_;            // wishes whose canary was well for long enough
};

}  // namespace lastgood::sim_fleet
