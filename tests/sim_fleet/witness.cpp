// What hosts do, who is away, and what there is in the end.
#include "sim_fleet/witness.h"

#include <algorithm>

#include "sim_fleet/host.h"

namespace lastgood::sim_fleet {

using core::GrantOutcome;

const core::RolloutSettings& Witness::settings() const {
    return setup_.settings.rollout;
}

const Host& Witness::named(const std::string& name) const {
    for (const auto& host : *hosts_) {
        if (host->name().str() == name) return *host;
    }
    Ground::broken("no host has the name " + name);
}

// It may wait then for what is under way.
void Witness::ordered(int number, const core::MemberDeploy& order, std::int64_t of_wish) {
    told(number).number_of[order.order] = of_wish;
    must(of_wish >= told(number).newest_seen,
         host(number).name().str() + " follows a wish that is older than one it has seen");
}

void Witness::begun(int number, const core::MemberDeploy& order) {
    Told& host = told(number);
    const std::string name = this->host(number).name().str();
    ground_.note(name + " begins " + repository_.name(order.commit) + " for wish " + order.wish +
                 (order.back ? ", back" : ""));
    host.work = order;
    if (order.back) return;
    must(host.tried.insert({order.wish, host.number_of[order.order], order.commit}).second,
         name + " deploys the same commit for the same wish twice");
    must(host.refused_up_to < host.newest_seen, name + " fights its operator");
}

void Witness::starting(int number) {
    const Told& host = told(number);
    if (!host.work || host.work->back || host.work->force) return;
    const CommitId& commit = host.work->commit;
    must(!host.quarantine.contains(commit) && !host.bad_before.contains(commit),
         this->host(number).name().str() + " starts what it knows to be in quarantine");
}

void Witness::cancelled(int number) {
    Told& host = told(number);
    if (!host.work) return;
    const core::MemberDeploy& order = *host.work;
    host.tried.erase({order.wish, host.number_of[order.order], order.commit});
    host.work.reset();
}

void Witness::ended(int number, GrantOutcome outcome) {
    Told& host = told(number);
    if (!host.work) return;
    ground_.note(this->host(number).name().str() + " ends " + repository_.name(host.work->commit) +
                 ": " + std::string(to_string(outcome)));
    if (outcome == GrantOutcome::good) {
        first_good_.try_emplace(host.work->commit, ground_.now());
        host.good_since[host.work->commit] = ground_.now();
        host.good_for[host.work->commit] = host.work->wish;
    }
    host.work.reset();
}

void Witness::noted(int number, const char* what) const {
    ground_.note(host(number).name().str() + " " + what);
}

void Witness::operator_acted(int number) {
    told(number).refused_up_to = told(number).newest_seen;
}

void Witness::died() {
    // Its daemon goes on with the deployment when it boots: that is no second one.
    look();
}

void Witness::saw(int number, const core::MemberView& view) {
    Told& host = told(number);
    if (view.wish) host.newest_seen = std::max(host.newest_seen, view.wish->number);
    const bool went_back = view.cluster != host.cluster || view.revision < host.revision;
    host.cluster = view.cluster;
    host.revision = view.revision;
    for (const auto& commit : host.quarantine) {
        if (went_back) {
            host.bad_before.insert(commit);
        } else if (!view.quarantine.contains(commit)) {
            host.bad_before.erase(commit);
        }
    }
    host.quarantine = view.quarantine;
}

// At most so many are away because of lastgood, at any moment.
void Witness::look() {
    std::set<std::string> away;
    for (const auto& [host, grant] : grants()) away.insert(host);
    for (const auto& host : *hosts_) {
        if (host->alive() && host->local().is_restarting()) away.insert(host->name().str());
    }
    const auto most =
        static_cast<std::size_t>(core::hosts_within(settings().max_unavailable, hosts_->size()));
    if (away.size() <= most) return;
    std::string names;
    for (const auto& name : away) names += " " + name;
    Ground::broken(std::to_string(away.size()) + " hosts are away because of lastgood, " +
                   std::to_string(most) + " may be:" + names);
}

void Witness::decided(Instant held_until) {
    must(ground_.now() < held_until, "a controller decides though its lease may have run out");
}

// What was acknowledged later than the backup is lost with it.
void Witness::restored(Instant to) {
    std::erase_if(acknowledged_, [&](const auto& entry) { return entry.second >= to; });
}

void Witness::check_end(const std::optional<CommitId>& last) {
    check_proposals();
    if (last) {
        must(wish() != nullptr && wish()->commit == *last,
             "the last good push " + repository_.name(*last) + " is not the wish");
        must(rollout()->state == core::RolloutState::done,
             "the rollout of the last good push is " + std::string(to_string(rollout()->state)));
    }
    if (wish() != nullptr) check_hosts();
}

void Witness::check_proposals() const {
    const std::string prefix = core::proposal_key(setup_.app, "");
    for (const auto& [key, entry] : etcd_.entries()) {
        must(key.compare(0, prefix.size(), prefix) != 0, key + " was never decided");
    }
    for (const auto& [id, at] : acknowledged_) {
        must(decided_.contains(id), "proposal " + id + " was acknowledged and never decided");
    }
}

void Witness::check_hosts() const {
    const auto state = rollout()->state;
    must(grants().empty(), "a grant is left");
    if (waits_rightly(*wish())) return;
    must(state == core::RolloutState::done || state == core::RolloutState::halted,
         "a rollout never ends: " + std::string(to_string(state)));
    for (const auto& host : *hosts_) check_host(*host, *wish(), state);
}

// For a person: a host is ahead of restored data, or nobody takes part.
bool Witness::waits_rightly(const core::Wish& wish) const {
    bool anyone = false;
    for (const auto& [name, word] : apps()) {
        const core::HostApp& app = *word.first;
        if (app.seen.number > wish.number) return true;
        if (app.seen.number == wish.number && app.seen.id != wish.id) return true;
        const bool refuses = app.refusal && app.refusal->up_to >= wish.number;
        const bool had_its_try =
            app.commit != wish.commit && app.outcome_of(wish.id, wish.commit) != GrantOutcome::none;
        anyone = anyone || !(refuses || had_its_try);
    }
    const auto state = rollout()->state;
    return !anyone && state != core::RolloutState::done && state != core::RolloutState::halted;
}

void Witness::check_host(const Host& host, const core::Wish& wish, core::RolloutState state) const {
    const auto words = apps();
    const auto found = words.find(host.name().str());
    must(found != words.end(), host.name().str() + " lives and is not in etcd");
    const core::HostApp& word = *found->second.first;
    const auto& commit = host.local().commit();
    must(word.commit == commit, host.name().str() + " has another commit than it says");
    if (word.refusal && word.refusal->up_to >= wish.number) return;
    const auto* good = etcd_.value<core::FleetGood>(core::good_key(setup_.app));
    if (good == nullptr) return;  // nothing to go back to
    const bool held = settings().on_halt == core::OnHalt::hold && commit == wish.commit &&
                      state == core::RolloutState::halted;
    if (held || commit == good->commit) return;
    // It has had its try.
    if (word.outcome_of(wish.id, good->commit) != GrantOutcome::none) return;
    if (good->commit == wish.commit && rollout()->failures.contains(host.name())) return;
    const bool is_bad = commit && etcd_.find(core::quarantine_key(setup_.app, *commit)) != nullptr;
    Ground::broken(host.name().str() + " ends with " + repository_.name(commit) +
                   (is_bad ? ", which is in quarantine," : "") + " instead of " +
                   repository_.name(good->commit));
}

Witness::Grants Witness::grants() const {
    Grants found;
    const std::string prefix = "apps/" + setup_.app.str() + "/grants/";
    const auto& entries = etcd_.entries();
    for (auto at = entries.lower_bound(prefix);
         at != entries.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at) {
        found[at->first.substr(prefix.size())] = std::get_if<core::Grant>(at->second.value.get());
    }
    return found;
}

// With what it ends and gives itself.
Witness::Grants Witness::after(const Transaction& transaction) const {
    Grants after = grants();
    for (const auto& key : transaction.removes) {
        if (key.find("/grants/") != std::string::npos) after.erase(key.substr(key.rfind('/') + 1));
    }
    for (const auto& put : transaction.puts) {
        const auto* grant = std::get_if<core::Grant>(&put.value);
        if (grant != nullptr) after[put.key.substr(put.key.rfind('/') + 1)] = grant;
    }
    return after;
}

std::map<std::string, std::pair<const core::HostApp*, Revision>> Witness::apps() const {
    std::map<std::string, std::pair<const core::HostApp*, Revision>> found;
    for (const auto& host : *hosts_) {
        const Entry* entry = etcd_.find(core::host_app_key(host->name(), setup_.app));
        if (entry == nullptr) continue;
        found[host->name().str()] = {std::get_if<core::HostApp>(entry->value.get()),
                                     entry->modified};
    }
    return found;
}

const core::Wish* Witness::wish() const {
    return etcd_.value<core::Wish>(core::wish_key(setup_.app));
}

const core::Rollout* Witness::rollout() const {
    return etcd_.value<core::Rollout>(core::rollout_key(setup_.app));
}

}  // namespace lastgood::sim_fleet
