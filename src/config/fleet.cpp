#include "config/fleet.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "config/secret_text.h"
#include "config/source.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/url.h"

namespace lastgood::config {
namespace {

using namespace std::chrono_literals;

constexpr int kHostsMost = 100'000;
constexpr const char* kNameRule =
    "use up to 63 of A-Z a-z 0-9 . _ -, beginning with a letter or digit";

void read_endpoints(const Section& fleet, Fleet& into) {
    if (!fleet.has("endpoints")) {
        fleet.fault("endpoints", fleet.mark(),
                    "is missing; name etcd's client addresses, such as https://10.0.0.1:2379");
    }
    std::set<bool> secure;
    for (const auto& [text, mark] : read_texts(fleet, "endpoints")) {
        const auto url = parse_url(text);
        if (!url) {
            fleet.fault("endpoints", mark, url.error().text());
        } else if (url->target != "/") {
            fleet.fault("endpoints", mark,
                        "expected an address without a path, not " + in_quotes(text));
        } else {
            secure.insert(url->secure);
            into.endpoints.push_back(url->origin());
        }
    }
    if (secure.size() > 1) {
        fleet.fault("endpoints", fleet.mark_of("endpoints"),
                    "mixes http and https; the members of one cluster have one of the two");
    }
    if (into.endpoints.size() > limits::kEtcdEndpointsMax) {
        fleet.fault("endpoints", fleet.mark_of("endpoints"),
                    "names more than " + std::to_string(limits::kEtcdEndpointsMax) +
                        " addresses; a few members of the cluster are enough");
    }
}

void read_fleet_tls(const Section& fleet, Fleet& into) {
    const auto tls = fleet.section("tls", SectionKind::fleet_tls);
    if (!tls) return;
    tls->file("ca", into.ca_file);
    tls->file("cert", into.cert_file);
    tls->file("key", into.key_file);
    if (tls->has("cert") != tls->has("key")) {
        tls->fault(tls->has("cert") ? "key" : "cert", tls->mark(),
                   "is missing; both cert and key are needed, or neither");
    }
    const bool plain = std::any_of(into.endpoints.begin(), into.endpoints.end(),
                                   [](const auto& url) { return url.starts_with("http://"); });
    if (plain) {
        fleet.fault("tls", fleet.mark_of("tls"),
                    "has no effect with http:// endpoints; write them as https://");
    }
}

void read_user(const Section& fleet, Fleet& into) {
    fleet.text("user", into.user);
    const auto password = read_secret_text(fleet, "password", false);
    if (password) into.password = password->text;
    const bool named =
        fleet.has("password_file") || fleet.has("password_env") || fleet.has("password");
    if (fleet.has("user") && !named) {
        fleet.fault("password_file", fleet.mark_of("user"),
                    "is missing: etcd asks for the user's password");
    }
    if (named && !fleet.has("user")) {
        fleet.fault("user", fleet.mark(), "is missing: whose password is it?");
    }
}

void read_name(const Section& fleet, std::string_view key, std::string& into) {
    const auto text = fleet.text(key);
    if (!text) return;
    into = *text;
    if (is_fleet_name(into)) return;
    fleet.fault(key, fleet.value(key)->mark, in_quotes(into) + " is no name; " + kNameRule);
}

Expected<core::HostName> read_host(std::string_view text) {
    if (auto name = core::HostName::parse(text)) return *std::move(name);
    return Error{in_quotes(text) + " is no name for a host",
                 "use a-z 0-9 . _ -, beginning with a letter or digit"};
}

void read_labels(const Section& fleet, Fleet& into) {
    const auto* node = fleet.value("labels");
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::map) {
        fleet.fault("labels", node->mark, "expected a map of names and values, such as zone: a");
        return;
    }
    for (const YamlEntry& entry : node->entries) {
        const bool scalar = entry.value.kind == YamlNode::Kind::scalar;
        if (!is_fleet_name(entry.key)) {
            fleet.fault("labels", entry.mark, in_quotes(entry.key) + " is no name; " + kNameRule);
        } else if (!scalar || !is_fleet_name(entry.value.text)) {
            fleet.fault("labels", entry.mark,
                        entry.key + " must have one value that is a name; " + kNameRule);
        } else {
            into.labels[entry.key] = entry.value.text;
        }
    }
    if (node->entries.size() > limits::kFleetLabelsMax) {
        fleet.fault("labels", node->mark,
                    "has more than " + std::to_string(limits::kFleetLabelsMax) + " labels");
    }
}

Expected<core::HostBound> read_bound(std::string_view text) {
    int amount = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, amount);
    const bool percent = stop + 1 == end && *stop == '%';
    const int most = percent ? 100 : kHostsMost;
    if (error == std::errc{} && (stop == end || percent) && amount >= 1 && amount <= most) {
        return percent ? core::HostBound{0, amount} : core::HostBound{amount};
    }
    return Error{"expected a number of hosts such as 2, or a share of them such as 10%, not " +
                     in_quotes(text),
                 ""};
}

void read_rollout(const Section& fleet, core::RolloutSettings& into) {
    const auto rollout = fleet.section("rollout", SectionKind::fleet_rollout);
    if (!rollout) return;
    if (const auto bound = rollout->by("max_unavailable", read_bound)) {
        into.max_unavailable = *bound;
    }
    rollout->number("canary", into.canary, 0, kHostsMost);
    rollout->duration("canary_soak", into.canary_soak, 0ms);
    rollout->number("max_failures", into.max_failures, 1, kHostsMost);
}

}  // namespace

bool is_fleet_name(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= limits::kFleetNameBytesMax && plain(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&plain](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

void read_fleet(const Section& top, std::optional<Fleet>& into) {
    const auto section = top.section("fleet", SectionKind::fleet);
    if (!section) return;
    Fleet& fleet = into.emplace();
    read_endpoints(*section, fleet);
    read_fleet_tls(*section, fleet);
    read_user(*section, fleet);
    read_name(*section, "group", fleet.group);
    fleet.host = section->by("host", read_host);
    read_labels(*section, fleet);
    read_rollout(*section, fleet.rollout);
    section->choice<core::OnHalt>(
        "on_halt", fleet.rollout.on_halt,
        {{"rollback", core::OnHalt::rollback}, {"hold", core::OnHalt::hold}});
}

// The fleet decides when it is deployed; two such deciders would fight.
void check_fleet_apps(const Section& top, const Config& config) {
    if (!config.fleet) return;
    for (const App& app : config.apps) {
        if (!app.fleet || !app.rules.promotion) continue;
        top.fault("apps", top.mark_of("apps"),
                  "promote of " + app.name.str() +
                      " is for an app of this machine alone; give it fleet: off");
    }
}

void read_app_fleet(const Section& section, App& app) {
    bool off = false;
    section.choice<bool>("fleet", off, {{"off", true}});
    app.fleet = !off;
}

}  // namespace lastgood::config
