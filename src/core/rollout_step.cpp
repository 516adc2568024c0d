#include "core/rollout_step.h"

#include <algorithm>

#include "lastgood/base/assert.h"
#include "lastgood/base/mutant.h"

namespace lastgood::core {

RolloutStep::RolloutStep(const Ground& ground, const AppName& app, const FleetApp& keys,
                         const Settings& app_settings, ControllerMemory& memory, FleetActs& acts)
    : ground_(ground),
      app_(app),
      keys_(keys),
      app_settings_(app_settings),
      controller_(memory),
      memory_(memory.apps[app]),
      acts_(acts),
      transaction_{.app = app, .id = {}} {}

void RolloutStep::run() {
    collect();
    look_for_restore();
    if (keys_.rollout) next_ = keys_.rollout->value;
    if (keys_.good) good_ = keys_.good->value;
    if (decide_proposals()) return commit();
    if (!wish()) return;
    if (ahead_) {
        const std::string text = "a host has seen wish " + std::to_string(ahead_->number) +
                                 " for commit " + ahead_->commit->short_hex() +
                                 ", which is newer than etcd's: its data went back. No "
                                 "host is touched until the next push, or `lastgood fleet deploy " +
                                 app_.str() + " COMMIT`";
        wait_for(text);
        tell_once(FleetNews::restored, text);
    }
    follow();
}

void RolloutStep::collect() {
    for (const auto& [name, app] : keys_.hosts) {
        const auto record = ground_.view.hosts.find(name);
        if (record == ground_.view.hosts.end()) continue;
        Member member{.name = &name, .record = &record->second, .app = &app.value};
        if (const auto grant = keys_.grants.find(name); grant != keys_.grants.end()) {
            member.grant = &grant->second;
        }
        const auto& labels = record->second.value.labels;
        const auto zone = labels.find(ground_.settings.zone_label);
        if (zone != labels.end()) member.zone = zone->second;
        members_.push_back(std::move(member));
    }
    if (!keys_.history.empty()) history_number_ = keys_.history.rbegin()->first;
}

void RolloutStep::look_for_restore() {
    const std::int64_t number = wish() ? wish()->number : 0;
    newest_number_ = number;
    for (const auto& member : members_) {
        const WishMark& seen = member.app->seen;
        newest_number_ = std::max(newest_number_, seen.number);
        const bool is_ahead =
            seen.number > number || (seen.number == number && number > 0 && seen.id != wish()->id);
        if (LASTGOOD_MUTANT(fleet_restore_unseen, !is_ahead, true) || !seen.commit) continue;
        if (!ahead_ || seen.number > ahead_->number) ahead_ = seen;
    }
}

std::optional<CommitId> RolloutStep::fleet_good() const {
    if (!good_) return std::nullopt;
    if (!is_bad(good_->commit)) return good_->commit;
    for (const auto& commit : good_->before) {
        if (!is_bad(commit)) return commit;
    }
    return std::nullopt;
}

bool RolloutStep::was_good(const CommitId& commit) const {
    if (!good_) return false;
    const auto& [good, since, before] = *good_;
    return good == commit || std::find(before.begin(), before.end(), commit) != before.end();
}

const RolloutStep::Member* RolloutStep::find(const HostName& host) const {
    const auto found = std::lower_bound(
        members_.begin(), members_.end(), host,
        [](const Member& member, const HostName& name) { return *member.name < name; });
    return found != members_.end() && *found->name == host ? &*found : nullptr;
}

void RolloutStep::again_at(Instant at) {
    if (!acts_.again || at < *acts_.again) acts_.again = at;
}

void RolloutStep::tell_once(FleetNews kind, std::string text) {
    if (memory_.told == text) return;
    memory_.told = text;
    acts_.notices.push_back({kind, app_, wish()->commit, std::move(text)});
}

void RolloutStep::put(std::string key, FleetValue value, LeaseId lease) {
    transaction_.puts.push_back({std::move(key), std::move(value), lease});
}

void RolloutStep::compare(KeyComparison::Of of, std::string key, Revision equals) {
    transaction_.only_if.push_back({of, std::move(key), equals});
}

void RolloutStep::notice(FleetNews kind, const std::optional<CommitId>& commit, std::string text) {
    transaction_.notices.push_back({kind, app_, commit, std::move(text)});
}

void RolloutStep::quarantine(const CommitId& commit, std::string reason, std::string host) {
    const std::string key = quarantine_key(app_, commit);
    for (const auto& done : transaction_.puts) {
        if (done.key == key) return;  // by two hosts at once
    }
    put(key, BadCommit{std::move(reason), std::move(host), ground_.wall});
}

// The rollout key is in each: it orders them, and tells those whose answer was lost.
void RolloutStep::commit() {
    const auto& mine = ground_.controllership;
    if (LASTGOOD_MUTANT(fleet_epoch_not_compared, true, false)) {
        compare(KeyComparison::Of::created, mine.key, mine.created);
    }
    if (LASTGOOD_MUTANT(fleet_rollout_not_compared, true, false)) {
        compare(KeyComparison::Of::modified, rollout_key(app_),
                keys_.rollout ? keys_.rollout->modified : 0);
        compare(KeyComparison::Of::modified, wish_key(app_), keys_.wish ? keys_.wish->modified : 0);
    }
    next_.epoch = mine.created;
    next_.transaction =
        std::to_string(mine.created) + "-" + std::to_string(++controller_.transactions);
    transaction_.id = next_.transaction;
    put(rollout_key(app_), next_);
    LG_ASSERT(transaction_.puts.size() + transaction_.removes.size() <=
              limits::kFleetOperationsMax);
    acts_.transactions.push_back(std::move(transaction_));
}

}  // namespace lastgood::core
