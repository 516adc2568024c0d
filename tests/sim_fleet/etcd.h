// etcd as its clients see it: revisions, leases, transactions with comparisons, a log of changes
// that is compacted, a leader that may be stopped, backups. Values are the core's structs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lastgood/core/rollout.h"
#include "sim_fleet/ground.h"

namespace lastgood::sim_fleet {

using core::LeaseId;
using core::Revision;
using core::Trigger;

using Value = std::variant<core::Proposal, core::Wish, core::Rollout, core::FleetGood,
                           core::BadCommit, core::Grant, core::FleetEntry, core::FleetPause,
                           core::HostRecord, core::HostApp, std::string>;

struct Entry {
    std::shared_ptr<const Value> value;
    Revision created = 0;
    Revision modified = 0;
    LeaseId lease = 0;
};
struct Change {
    Revision revision = 0;
    std::string key;
    std::optional<Entry> now;
};
struct Put {
    std::string key;
    Value value;
    LeaseId lease = 0;
};
struct Transaction {
    std::vector<core::KeyComparison> only_if = {};
    std::vector<Put> puts = {};
    std::vector<std::string> removes = {};
    // For the witness: of a controller, what it believes.
    Revision epoch = 0;
    Revision seen = 0;
};

class Etcd {
  public:
    explicit Etcd(Ground& ground) : ground_(ground) {}

    // The revision, or nothing: a comparison didn't hold, or a lease is gone.
    std::optional<Revision> commit(const Transaction& transaction);
    LeaseId grant_lease(Millis ttl);
    bool keep_alive(LeaseId lease);

    [[nodiscard]] Revision revision() const { return revision_; }
    [[nodiscard]] std::uint64_t cluster() const { return cluster_; }
    // Grows when the servers were restarted with other data: all streams broke.
    [[nodiscard]] int life() const { return life_; }
    [[nodiscard]] const std::map<std::string, Entry>& entries() const { return entries_; }
    [[nodiscard]] const Entry* find(const std::string& key) const {
        const auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : &found->second;
    }
    template <typename T>
    [[nodiscard]] const T* value(const std::string& key) const {
        const Entry* entry = find(key);
        return entry == nullptr ? nullptr : std::get_if<T>(entry->value.get());
    }
    [[nodiscard]] bool has_lease(LeaseId lease) const { return leases_.contains(lease); }

    // Of a watch from after `from`: nothing where that is compacted, or from another history.
    [[nodiscard]] const std::vector<Change>* changes(int life, Revision from) const;
    void compact();

    void stop_leader(Millis time);
    [[nodiscard]] bool answers() const { return !stopped_; }
    // Runs it when there is a leader again.
    void when_it_answers(std::function<void()> work) { late_.push_back(std::move(work)); }

    void back_up();
    [[nodiscard]] bool has_backup() const { return backup_ != nullptr; }
    [[nodiscard]] Instant backed_up_at() const { return backed_up_at_; }
    void restore();

    // Before it is applied; and after each change.
    std::function<void(const Transaction&)> before;
    std::function<void()> changed;

  private:
    struct Lease {
        Millis ttl;
        Instant ends;
        bool watched = false;
    };
    [[nodiscard]] bool holds(const core::KeyComparison& comparison) const;
    void check_size(const Transaction& transaction) const;
    void put(const Put& put);
    void remove(const std::string& key);
    void watch_lease(LeaseId lease);
    void renew_leases();

    struct Backup {
        std::map<std::string, Entry> entries;
        std::map<LeaseId, Lease> leases;
        Revision revision;
    };

    Ground& ground_;
    std::uint64_t cluster_ = 1;
    int life_ = 0;
    Revision revision_ = 1;
    LeaseId leases_made_ = 0;
    std::map<std::string, Entry> entries_;
    std::map<LeaseId, Lease> leases_;
    std::vector<Change> log_;
    Revision compacted_ = 1;
    bool stopped_ = false;
    std::vector<std::function<void()>> late_;
    std::unique_ptr<Backup> backup_;
    Instant backed_up_at_;
};

}  // namespace lastgood::sim_fleet
