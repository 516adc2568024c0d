#include "fleet/member_desk.h"

#include <algorithm>

#include "lastgood/base/random.h"
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
    std::vector<KeyRange> ranges = {{std::string(kElectionKey)}};
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
        std::min(parts_.lease.held_until(), parts_.keeper.current_at() + kViewAgeMax);
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
    forget_written();
    look();
}

void MemberDesk::was_listed() {
    if (synced_) write_anew();
}

void MemberDesk::forget_written() {
    fresh_ = true;
    due_.reset();
    synced_ = false;
    written_.clear();
}

std::string MemberDesk::own_key() const {
    return parts_.keeper.group().prefix() + core::host_key(*parts_.settings.fleet.host);
}

std::map<std::string, std::string> MemberDesk::wanted() const {
    const config::Fleet& fleet = parts_.settings.fleet;
    std::map<std::string, std::string> values = {
        {own_key(), encode(core::HostRecord{fleet.labels, parts_.settings.version})}};
    for (const auto& [app, report] : reports_) {
        values[parts_.keeper.group().prefix() + core::host_app_key(*fleet.host, app)] = report;
    }
    return values;
}

// What isn't as it should be, and only if every key that is touched is as this host knows it: a
// write that comes late, after another one, isn't done.
TxnAsk MemberDesk::difference() const {
    TxnAsk ask;
    const LeaseId lease = parts_.lease.id();
    const auto known = [this](const std::string& key) {
        const auto found = written_.find(key);
        return found == written_.end() ? Written{} : found->second;
    };
    const auto compare = [&](const std::string& key) {
        ask.when.push_back(
            {key, Compare::What::modified, Compare::Is::equal, known(key).modified, {}});
    };
    const auto values = wanted();
    for (const auto& [key, value] : values) {
        const Written before = known(key);
        const bool same = before.value == value && before.lease == lease && before.modified != 0;
        if (same || ask.then.size() == limits::kEtcdTxnOpsMax) continue;
        compare(key);
        ask.then.emplace_back(Put{key, value, lease});
    }
    for (const auto& [key, before] : written_) {
        // Of an app that was taken out of the config; of others nothing may have been told yet.
        if (values.contains(key) || is_of_config(key)) continue;
        if (ask.then.size() == limits::kEtcdTxnOpsMax) continue;
        compare(key);
        ask.then.emplace_back(Delete{key, {}});
    }
    if (!ask.then.empty() && ask.when.front().key != own_key()) compare(own_key());
    return ask;
}

bool MemberDesk::is_of_config(const std::string& key) const {
    return std::any_of(
        parts_.settings.apps.begin(), parts_.settings.apps.end(),
        [&](const AgentApp& app) { return key == own_key() + "/apps/" + app.name.str(); });
}

// Of all that it writes; nothing: some of it can't wait.
std::optional<Patience> MemberDesk::patience_of(const TxnAsk& ask) const {
    std::optional<Patience> least;
    for (const Op& op : ask.then) {
        const auto* put = std::get_if<Put>(&op);
        const auto before = put != nullptr ? written_.find(put->key) : written_.end();
        const bool is_known = before != written_.end() && before->second.lease == put->lease;
        if (!is_known || put->key == own_key()) return std::nullopt;
        const auto old = decode<core::HostApp>(before->second.value);
        const auto now = decode<core::HostApp>(put->value);
        const auto app = AppName::parse(put->key.substr(put->key.rfind('/') + 1));
        if (!old || !now || !app) return std::nullopt;
        const auto one = patience(*old, *now, view_of(*app).grant);
        if (!one) return std::nullopt;
        if (!least || one->most < least->most) least = one;
    }
    return least;
}

bool MemberDesk::can_wait(const TxnAsk& ask) {
    if (fresh_) return false;
    const auto least = patience_of(ask);
    if (!least) return false;
    const Instant now = BootClock::now();
    if (!due_ || *due_ > now + least->most) {
        const auto most = static_cast<std::uint64_t>(least->most.count());
        const auto delay = least->any_time ? Random(++salt_).below(most) : most;
        due_ = now + Millis(static_cast<std::int64_t>(delay));
        wait_ = parts_.loop.after(*due_ - now, [this] { publish(); });
    }
    return now < *due_;
}

void MemberDesk::publish() {
    if (publishing_ || !parts_.lease.held(BootClock::now()) || !parts_.keeper.listed()) return;
    if (!synced_) return read_written();
    const TxnAsk ask = difference();
    if (ask.then.empty()) {
        fresh_ = false;
        return;
    }
    if (can_wait(ask)) return;
    due_.reset();
    send(ask, &MemberDesk::published);
}

void MemberDesk::send(TxnAsk ask, Then then) {
    publishing_ = true;
    ask.hasty = core::etcd_hasty(failures_);
    parts_.caller.ask<TxnAnswer>(
        [ask](Etcd& etcd) { return etcd.txn(ask); },
        [alive = std::weak_ptr(alive_), this, ask, then](Result<TxnAnswer> result) {
            if (!alive.lock()) return;
            publishing_ = false;
            if (const auto* failed = std::get_if<Failure>(&result)) return not_written(*failed);
            (this->*then)(ask, std::get<TxnAnswer>(result));
        });
}

void MemberDesk::published(const TxnAsk& ask, const TxnAnswer& answer) {
    if (!answer.succeeded) {
        forget_written();
        return publish();
    }
    failures_ = 0;
    fresh_ = false;
    told_.clear();
    for (const Op& op : ask.then) {
        if (const auto* put = std::get_if<Put>(&op)) {
            written_[put->key] = {put->value, answer.revision, put->lease};
        } else if (const auto* gone = std::get_if<Delete>(&op)) {
            written_.erase(gone->key);
        }
    }
    publish();  // what has changed meanwhile
}

// Whether it was done or not: what stands there now is read, and the rest is written.
void MemberDesk::not_written(const Failure& why) {
    forget_written();
    ++failures_;
    if (why.error.text() != std::exchange(told_, why.error.text())) {
        parts_.link.log(LogLevel::warn, {},
                        "this host's state is not written: " + why.error.text());
    }
    const auto salt = static_cast<std::uint64_t>(parts_.lease.id() + failures_);
    publish_later(core::etcd_retry_delay(failures_, salt));
}

void MemberDesk::publish_later(Millis delay) {
    later_ = parts_.loop.after(delay, [this] { publish(); });
}

void MemberDesk::read_written() {
    const std::string below = own_key() + "/";
    send({{}, {RangeAsk{.key = own_key()}, RangeAsk{.key = below, .end = prefix_end(below)}}},
         &MemberDesk::was_read);
}

void MemberDesk::was_read(const TxnAsk&, const TxnAnswer& answer) {
    written_.clear();
    for (const RangeAnswer& range : answer.ranges) {
        for (const KeyValue& kv : range.kvs) {
            written_[kv.key] = {kv.value, kv.mod_revision, kv.lease};
        }
    }
    const auto own = written_.find(own_key());
    if (own == written_.end() || own->second.lease == parts_.lease.id()) {
        synced_ = true;
        return publish();
    }
    // Not ours to overwrite: two hosts of one name would take each other's grants.
    const std::string text = "the name " + parts_.settings.fleet.host->str() +
                             " is taken in the group: by another host, or by an earlier life of "
                             "this one, for some seconds still";
    if (text != std::exchange(told_, text)) {
        parts_.link.log(LogLevel::warn, {}, text + "; give each host its own fleet.host");
    }
    publish_later(limits::kEtcdRetryMax);
}

}  // namespace lastgood::fleet
