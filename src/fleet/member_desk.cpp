#include "fleet/member_desk.h"

#include <algorithm>

#include "lastgood/core/backoff.h"
#include "lastgood/fleet/values.h"

namespace lastgood::fleet {
namespace {

using config::LogLevel;

// Worth a write to the disk by itself; revisions are told with the next one.
bool same_but_revision(core::MemberMemory a, const core::MemberMemory& b) {
    a.revision = b.revision;
    return a == b;
}

}  // namespace

std::vector<KeyRange> MemberDesk::ranges(const AgentSettings& settings) {
    const core::HostName& host = *settings.fleet.host;
    std::vector<KeyRange> ranges = {{std::string(kElectionKey)},
                                    KeyRange::below(core::host_key(host) + "/")};
    for (const AgentApp& app : settings.apps) {
        ranges.push_back({core::wish_key(app.name)});
        ranges.push_back({core::grant_key(app.name, host)});
        ranges.push_back(KeyRange::below("apps/" + app.name.str() + "/quarantine/"));
    }
    return ranges;
}

bool MemberDesk::current() const {
    const Instant now = BootClock::now();
    return parts_.lease.held(now) && parts_.keeper.current(now);
}

void MemberDesk::take(LocalNews news) {
    locals_.insert_or_assign(news.app, std::move(news.local));
    decide(news.app, locals_.at(news.app));
    publish();
}

void MemberDesk::look() {
    for (const auto& [app, local] : locals_) decide(app, local);
    publish();
    look_when_old();
}

// Nothing may be begun on a view that has become old meanwhile, and what was begun is withdrawn.
void MemberDesk::look_when_old() {
    old_.reset();
    if (!current()) return;
    const Instant until =
        std::min(parts_.lease.held_until(), parts_.keeper.current_at() + limits::kFleetViewAgeMax);
    old_ = parts_.loop.after(until - BootClock::now() + Millis(1), [this] { look(); });
}

core::MemberView MemberDesk::view_of(const AppName& app) const {
    const core::FleetView& group = parts_.keeper.group().view();
    core::MemberView view{
        .current = current(), .cluster = group.cluster, .revision = group.revision};
    const auto found = group.apps.find(app);
    if (found == group.apps.end()) return view;
    const core::FleetApp& keys = found->second;
    if (keys.wish) view.wish = keys.wish->value;
    const auto grant = keys.grants.find(*parts_.settings.fleet.host);
    // One that was given to an earlier lease goes with that.
    if (grant != keys.grants.end() && grant->second.lease == parts_.lease.id()) {
        view.grant = grant->second.value;
    }
    for (const auto& [commit, bad] : keys.quarantine) view.quarantine.insert(commit);
    return view;
}

bool MemberDesk::remember(const AppName& app, const core::MemberMemory& memory) {
    core::MemberMemory& known = parts_.memory.apps[app];
    if (same_but_revision(memory, known)) {
        known = memory;
        return true;
    }
    AgentMemory next = parts_.memory;
    next.apps[app] = memory;
    if (auto saved = save_memory(parts_.settings.folder, next); !saved) {
        if (saved.error().text() != std::exchange(told_, saved.error().text())) {
            parts_.link.log(
                LogLevel::error, app.str(),
                "the fleet's wish waits, for it can't be noted: " + saved.error().text());
        }
        retry_ = parts_.loop.after(limits::kStoreRetry, [this] { look(); });
        return false;
    }
    parts_.memory = std::move(next);
    return true;
}

void MemberDesk::decide(const AppName& app, const core::MemberLocal& local) {
    const bool ours = std::any_of(parts_.settings.apps.begin(), parts_.settings.apps.end(),
                                  [&app](const AgentApp& one) { return one.name == app; });
    if (!ours) return;
    const core::MemberActs acts = core::decide_member(view_of(app), local, parts_.memory.apps[app]);
    if (!remember(app, acts.memory)) return;
    if (acts.deploy) parts_.link.send(DeployAsk{app, *acts.deploy});
    if (acts.withdraw) parts_.link.send(WithdrawAsk{app, *acts.withdraw});
    if (acts.notice) parts_.link.log(LogLevel::warn, app.str(), *acts.notice);
    reports_[app] = encode(acts.report);
}

void MemberDesk::write_anew() {
    published_.clear();
    created_ = false;
    look();
}

std::map<std::string, std::string> MemberDesk::wanted() const {
    const config::Fleet& fleet = parts_.settings.fleet;
    const std::string& prefix = parts_.keeper.group().prefix();
    std::map<std::string, std::string> values = {
        {prefix + core::host_key(*fleet.host),
         encode(core::HostRecord{fleet.labels, parts_.settings.version})}};
    for (const auto& [app, report] : reports_) {
        values[prefix + core::host_app_key(*fleet.host, app)] = report;
    }
    return values;
}

void MemberDesk::write_later(Millis delay) {
    retry_ = parts_.loop.after(delay, [this] { publish(); });
}

// One transaction at a time, with all that has changed: this host's key is there with our lease, or
// (the first time) it isn't there at all.
void MemberDesk::publish() {
    owed_ = publishing_;
    if (publishing_ || !parts_.lease.held(BootClock::now()) || !parts_.keeper.listed()) return;
    const LeaseId lease = parts_.lease.id();
    const std::string own =
        parts_.keeper.group().prefix() + core::host_key(*parts_.settings.fleet.host);
    TxnAsk ask;
    std::map<std::string, std::string> values;
    for (const auto& [key, value] : wanted()) {
        const auto before = published_.find(key);
        if (before != published_.end() && before->second == value) continue;
        if (ask.then.size() == limits::kEtcdTxnOpsMax) {
            owed_ = true;
            break;
        }
        values[key] = value;
        ask.then.emplace_back(Put{key, value, lease});
    }
    for (const auto& [app, keys] : parts_.keeper.group().view().apps) {
        // Of an app that was taken out of the config.
        const bool ours = std::any_of(parts_.settings.apps.begin(), parts_.settings.apps.end(),
                                      [&app = app](const auto& one) { return one.name == app; });
        if (ours || !keys.hosts.contains(*parts_.settings.fleet.host)) continue;
        ask.then.emplace_back(Delete{parts_.keeper.group().prefix() +
                                     core::host_app_key(*parts_.settings.fleet.host, app)});
    }
    if (ask.then.empty()) return;
    if (created_) {
        ask.when = {{own, Compare::What::lease, Compare::Is::equal, lease, {}}};
    } else {
        ask.when = {{own, Compare::What::created, Compare::Is::equal, 0, {}}};
    }
    ask.otherwise = {RangeAsk{.key = own}};
    publishing_ = true;
    parts_.caller.ask<TxnAnswer>(
        [ask](Etcd& etcd) { return etcd.txn(ask); },
        [alive = std::weak_ptr(alive_), this, values](Result<TxnAnswer> result) {
            if (alive.lock()) published(values, std::move(result));
        });
}

void MemberDesk::published(std::map<std::string, std::string> values, Result<TxnAnswer> result) {
    publishing_ = false;
    const auto* answer = std::get_if<TxnAnswer>(&result);
    if (answer == nullptr) {
        // Whether it was done or not, doing it again is the same.
        const Failure& failed = std::get<Failure>(result);
        if (failed.kind == Failure::Kind::unknown) published_.clear();
        if (failed.error.text() != std::exchange(told_, failed.error.text())) {
            parts_.link.log(LogLevel::warn, {},
                            "this host's state is not written: " + failed.error.text());
        }
        ++failures_;
        const auto salt = static_cast<std::uint64_t>(parts_.lease.id() + failures_);
        return write_later(core::etcd_retry_delay(failures_, salt));
    }
    failures_ = 0;
    if (answer->succeeded) {
        created_ = true;
        told_.clear();
        for (auto& [key, value] : values) published_[key] = std::move(value);
        if (owed_) publish();
        return;
    }
    const bool there = !answer->ranges.empty() && !answer->ranges.front().kvs.empty();
    const LeaseId holder = there ? answer->ranges.front().kvs.front().lease : 0;
    published_.clear();
    if (!there || holder == parts_.lease.id()) {
        created_ = there;
        return publish();
    }
    created_ = false;
    const std::string text = "the name " + parts_.settings.fleet.host->str() +
                             " is taken in the group: by another host, or by an earlier life of "
                             "this one, for some seconds still";
    if (text != std::exchange(told_, text)) {
        parts_.link.log(LogLevel::warn, {}, text + "; give each host its own fleet.host");
    }
    write_later(limits::kEtcdRetryMax);
}

}  // namespace lastgood::fleet
