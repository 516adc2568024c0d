#include "sim_fleet/view.h"

#include <algorithm>

namespace lastgood::sim_fleet {
namespace {

// Takes `prefix` off.
bool begins(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) return false;
    text.remove_prefix(prefix.size());
    return true;
}

template <typename T>
core::Kept<T> kept(const Entry& entry) {
    return {std::get<T>(*entry.value), entry.created, entry.modified, entry.lease};
}

template <typename T>
void set_one(std::optional<core::Kept<T>>& place, const Entry* entry) {
    if (entry == nullptr) return place.reset();
    place = kept<T>(*entry);
}

template <typename K, typename T>
void set_in(std::map<K, core::Kept<T>>& places, const K& key, const Entry* entry) {
    if (entry == nullptr) {
        places.erase(key);
    } else {
        places.insert_or_assign(key, kept<T>(*entry));
    }
}

}  // namespace

void Copy::list(const Etcd& etcd) {
    view = {};
    elected.clear();
    elected_created = 0;
    for (const auto& [key, entry] : etcd.entries()) apply(key, &entry);
    view.revision = etcd.revision();
    view.cluster = etcd.cluster();
    life = etcd.life();
}

void Copy::follow(const Etcd& etcd, Revision until) {
    const auto* changes = etcd.changes(life, view.revision);
    if (changes == nullptr) return list(etcd);
    auto next = std::upper_bound(
        changes->begin(), changes->end(), view.revision,
        [](Revision revision, const Change& change) { return revision < change.revision; });
    for (; next != changes->end() && next->revision <= until; ++next) {
        apply(next->key, next->now ? &*next->now : nullptr);
    }
    view.revision = std::max(view.revision, until);
}

void Copy::apply(const std::string& key, const Entry* entry) {
    std::string_view rest = key;
    if (rest == kElectionKey) {
        elected = entry == nullptr ? "" : std::get<std::string>(*entry->value);
        elected_created = entry == nullptr ? 0 : entry->created;
        return;
    }
    const bool of_app = begins(rest, "apps/");
    if (!of_app && !begins(rest, "hosts/")) Ground::broken("no known key: " + key);
    const auto slash = rest.find('/');
    const std::string_view name = rest.substr(0, slash);
    if (of_app) {
        return apply_app(view.apps[*AppName::parse(name)], rest.substr(slash + 1), entry);
    }
    const auto host = *core::HostName::parse(name);
    if (slash == std::string_view::npos) return set_in(view.hosts, host, entry);
    rest.remove_prefix(slash + 1);
    begins(rest, "apps/");
    set_in(view.apps[*AppName::parse(rest)].hosts, host, entry);
}

void Copy::apply_app(core::FleetApp& app, std::string_view rest, const Entry* entry) {
    if (rest == "wish") return set_one(app.wish, entry);
    if (rest == "rollout") return set_one(app.rollout, entry);
    if (rest == "good") return set_one(app.good, entry);
    if (rest == "paused") return set_one(app.paused, entry);
    if (begins(rest, "proposals/")) return set_in(app.proposals, std::string(rest), entry);
    if (begins(rest, "quarantine/")) return set_in(app.quarantine, *CommitId::parse(rest), entry);
    if (begins(rest, "grants/")) return set_in(app.grants, *core::HostName::parse(rest), entry);
    if (!begins(rest, "history/")) Ground::broken("no known key of an app");
    set_in(app.history, static_cast<std::int64_t>(std::stoll(std::string(rest))), entry);
}

}  // namespace lastgood::sim_fleet
