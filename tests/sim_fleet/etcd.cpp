#include "sim_fleet/etcd.h"

#include <set>

#include "lastgood/base/limits.h"

namespace lastgood::sim_fleet {

bool Etcd::holds(const core::KeyComparison& comparison) const {
    const Entry* entry = find(comparison.key);
    const bool of_created = comparison.of == core::KeyComparison::Of::created;
    const Revision is = entry == nullptr ? 0 : of_created ? entry->created : entry->modified;
    return is == comparison.equals;
}

// What the real one refuses.
void Etcd::check_size(const Transaction& transaction) const {
    std::set<std::string> keys(transaction.removes.begin(), transaction.removes.end());
    for (const auto& put : transaction.puts) keys.insert(put.key);
    const auto count = transaction.puts.size() + transaction.removes.size();
    Ground::must(keys.size() == count, "a transaction has the same key twice");
    Ground::must(count <= limits::kFleetOperationsMax, "a transaction is too large");
    Ground::must(transaction.only_if.size() <= limits::kFleetOperationsMax,
                 "a transaction compares too much");
}

std::optional<Revision> Etcd::commit(const Transaction& transaction) {
    check_size(transaction);
    for (const auto& comparison : transaction.only_if) {
        if (!holds(comparison)) return std::nullopt;
    }
    for (const auto& put : transaction.puts) {
        if (put.lease != 0 && !has_lease(put.lease)) return std::nullopt;
    }
    if (before) before(transaction);
    ++revision_;
    for (const auto& one : transaction.puts) put(one);
    for (const auto& key : transaction.removes) remove(key);
    changed();
    return revision_;
}

void Etcd::put(const Put& put) {
    Entry& entry = entries_[put.key];
    if (entry.created == 0) entry.created = revision_;
    entry.modified = revision_;
    entry.lease = put.lease;
    entry.value = std::make_shared<const Value>(put.value);
    log_.push_back({revision_, put.key, entry});
}

void Etcd::remove(const std::string& key) {
    if (entries_.erase(key) > 0) log_.push_back({revision_, key, std::nullopt});
}

LeaseId Etcd::grant_lease(Millis ttl) {
    const LeaseId lease = ++leases_made_;
    leases_[lease] = Lease{ttl, ground_.now() + ttl};
    watch_lease(lease);
    return lease;
}

bool Etcd::keep_alive(LeaseId lease) {
    const auto found = leases_.find(lease);
    if (found == leases_.end()) return false;
    found->second.ends = ground_.now() + found->second.ttl;
    return true;
}

void Etcd::watch_lease(LeaseId lease) {
    Lease& watched = leases_.at(lease);
    if (watched.watched) return;
    watched.watched = true;
    ground_.clock.after(watched.ends - ground_.now(), [this, lease] {
        const auto found = leases_.find(lease);
        if (found == leases_.end()) return;
        found->second.watched = false;
        if (stopped_) found->second.ends = ground_.now() + found->second.ttl;
        if (found->second.ends > ground_.now()) return watch_lease(lease);
        leases_.erase(found);
        std::vector<std::string> keys;
        for (const auto& [key, entry] : entries_) {
            if (entry.lease == lease) keys.push_back(key);
        }
        if (keys.empty()) return;
        ++revision_;
        for (const auto& key : keys) remove(key);
        changed();
    });
}

const std::vector<Change>* Etcd::changes(int life, Revision from) const {
    if (life != life_ || from < compacted_ || from > revision_) return nullptr;
    return &log_;
}

void Etcd::compact() {
    log_.clear();
    compacted_ = revision_;
}

// A new leader gives each lease its whole time again.
void Etcd::renew_leases() {
    for (auto& [id, lease] : leases_) {
        lease.ends = ground_.now() + lease.ttl;
        watch_lease(id);
    }
}

void Etcd::stop_leader(Millis time) {
    if (stopped_) return;
    stopped_ = true;
    ground_.clock.after(time, [this] {
        stopped_ = false;
        renew_leases();
        const auto late = std::move(late_);
        late_.clear();
        for (const auto& work : late) work();
        changed();
    });
}

void Etcd::back_up() {
    backup_ = std::make_unique<Backup>(Backup{entries_, leases_, revision_});
    backed_up_at_ = ground_.now();
}

void Etcd::restore() {
    entries_ = backup_->entries;
    leases_ = backup_->leases;
    for (auto& [id, lease] : leases_) lease.watched = false;
    revision_ = backup_->revision;
    // With the same names and token the id stays the same.
    if (ground_.random.chance(50)) ++cluster_;
    ++life_;
    late_.clear();
    compact();
    renew_leases();
    changed();
}

}  // namespace lastgood::sim_fleet
