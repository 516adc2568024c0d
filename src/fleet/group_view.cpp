#include "lastgood/fleet/group_view.h"

#include <algorithm>
#include <charconv>

#include "lastgood/base/strings.h"
#include "lastgood/fleet/values.h"

namespace lastgood::fleet {
namespace {

// The first part of "a/b/c", and the rest after it.
std::pair<std::string_view, std::string_view> cut(std::string_view path) {
    const auto slash = path.find('/');
    if (slash == std::string_view::npos) return {path, {}};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

template <typename T>
core::Kept<T> kept(T value, const KeyValue& kv) {
    return {std::move(value), kv.create_revision, kv.mod_revision, kv.lease};
}

// Puts the value where `into` says, or takes what was there away.
template <typename T, typename Into>
std::optional<Error> take(const KeyValue& kv, const Into& into) {
    auto value = decode<T>(kv.value);
    if (!value) {
        into(std::optional<core::Kept<T>>{});
        return Error{printable(kv.key, 300) + ": " + value.error().what,
                     "another program wrote there, or a newer version"};
    }
    into(std::optional(kept(*std::move(value), kv)));
    return std::nullopt;
}

template <typename T, typename Key>
auto entry_of(std::map<Key, core::Kept<T>>& map, const Key& key) {
    return [&map, key](std::optional<core::Kept<T>> value) {
        if (value) {
            map.insert_or_assign(key, *std::move(value));
        } else {
            map.erase(key);
        }
    };
}

template <typename T>
auto place_of(std::optional<core::Kept<T>>& place) {
    return [&place](std::optional<core::Kept<T>> value) { place = std::move(value); };
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

// As it stands in a key: never another spelling of it.
std::optional<core::HostName> host_name(std::string_view text) {
    auto host = core::HostName::parse(text);
    return host && host->str() == text ? host : std::nullopt;
}

}  // namespace

std::string group_prefix(std::string_view group) {
    return "/lastgood/" + std::string(group) + "/";
}

void GroupView::clear(std::uint64_t cluster) {
    view_ = {};
    view_.cluster = cluster;
    controller_.reset();
}

void GroupView::reached(core::Revision revision) {
    view_.revision = std::max(view_.revision, revision);
}

std::optional<Error> GroupView::put(const KeyValue& kv) {
    if (!kv.key.starts_with(prefix_)) return std::nullopt;
    const std::string_view rest = std::string_view(kv.key).substr(prefix_.size());
    if (rest == kElectionKey) controller_ = kept(printable(kv.value, 300), kv);
    const auto [kind, of] = cut(rest);
    if (kind == "apps") return put_of_app(of, kv);
    if (kind == "hosts") return put_of_host(of, kv);
    return std::nullopt;
}

std::optional<Error> GroupView::put_of_app(std::string_view rest, const KeyValue& kv) {
    const auto [name, what] = cut(rest);
    const auto parsed = AppName::parse(name);
    if (!parsed || what.empty()) return std::nullopt;
    core::FleetApp& app = view_.apps[*parsed];
    if (what == "wish") return take<core::Wish>(kv, place_of(app.wish));
    if (what == "rollout") return take<core::Rollout>(kv, place_of(app.rollout));
    if (what == "good") return take<core::FleetGood>(kv, place_of(app.good));
    if (what == "paused") return take<core::FleetPause>(kv, place_of(app.paused));
    const auto [kind, id] = cut(what);
    if (kind == "proposals") {
        auto fault = take<core::Proposal>(kv, entry_of(app.proposals, std::string(id)));
        const auto found = app.proposals.find(std::string(id));
        if (found == app.proposals.end() || found->second.value.id == id) return fault;
        app.proposals.erase(found);
        return Error{printable(kv.key, 300) + ": the proposal has another id than its key", ""};
    }
    if (kind == "quarantine") {
        const auto commit = CommitId::parse(id);
        if (commit) return take<core::BadCommit>(kv, entry_of(app.quarantine, *commit));
    } else if (kind == "grants") {
        const auto host = host_name(id);
        if (host) return take<core::Grant>(kv, entry_of(app.grants, *host));
    } else if (kind == "history") {
        const auto number = number_of(id);
        if (number) return take<core::FleetEntry>(kv, entry_of(app.history, *number));
    }
    return std::nullopt;
}

std::optional<Error> GroupView::put_of_host(std::string_view rest, const KeyValue& kv) {
    const auto [name, what] = cut(rest);
    const auto host = host_name(name);
    if (!host) return std::nullopt;
    if (what.empty()) return take<core::HostRecord>(kv, entry_of(view_.hosts, *host));
    const auto [kind, app_name] = cut(what);
    const auto app = AppName::parse(app_name);
    if (kind != "apps" || !app) return std::nullopt;
    return take<core::HostApp>(kv, entry_of(view_.apps[*app].hosts, *host));
}

std::vector<Error> GroupView::read(const RangeAnswer& list) {
    std::vector<Error> faults;
    clear(list.cluster);
    for (const KeyValue& kv : list.kvs) {
        if (auto fault = put(kv)) faults.push_back(*std::move(fault));
    }
    reached(list.revision);
    return faults;
}

void GroupView::remove(std::string_view key) {
    if (!key.starts_with(prefix_)) return;
    const std::string_view rest = key.substr(prefix_.size());
    if (rest == kElectionKey) controller_.reset();
    const auto [kind, of] = cut(rest);
    if (kind == "apps") remove_of_app(of);
    if (kind == "hosts") remove_of_host(of);
}

void GroupView::remove_of_app(std::string_view rest) {
    const auto [name, what] = cut(rest);
    const auto parsed = AppName::parse(name);
    const auto found = parsed ? view_.apps.find(*parsed) : view_.apps.end();
    if (found == view_.apps.end()) return;
    core::FleetApp& app = found->second;
    if (what == "wish") app.wish.reset();
    if (what == "rollout") app.rollout.reset();
    if (what == "good") app.good.reset();
    if (what == "paused") app.paused.reset();
    const auto [kind, id] = cut(what);
    if (kind == "proposals") app.proposals.erase(std::string(id));
    if (kind == "quarantine") {
        if (const auto commit = CommitId::parse(id)) app.quarantine.erase(*commit);
    }
    if (kind == "grants") {
        if (const auto host = host_name(id)) app.grants.erase(*host);
    }
    if (kind == "history") {
        if (const auto number = number_of(id)) app.history.erase(*number);
    }
}

void GroupView::remove_of_host(std::string_view rest) {
    const auto [name, what] = cut(rest);
    const auto host = host_name(name);
    if (!host) return;
    if (what.empty()) view_.hosts.erase(*host);
    const auto [kind, app_name] = cut(what);
    const auto app = AppName::parse(app_name);
    if (kind != "apps" || !app) return;
    const auto found = view_.apps.find(*app);
    if (found != view_.apps.end()) found->second.hosts.erase(*host);
}

}  // namespace lastgood::fleet
