#include "lastgood/fleet/values.h"

#include "fleet/fields.h"

namespace lastgood::fleet {
namespace {

Json json_of(const core::WishMark& mark) {
    Json json = Json::object();
    put_number(json, "number", mark.number);
    put_text(json, "id", mark.id);
    put_commit(json, "commit", mark.commit);
    if (mark.at != WallTime{}) put_time(json, "at", mark.at);
    return json;
}

core::WishMark mark_of(const Json& json) {
    return {number_of(json, "number"), text_of(json, "id"), maybe_commit(json, "commit"),
            maybe_time(json, "at").value_or(WallTime{})};
}

Json hosts_json(const auto& hosts) {
    Json list = Json::array();
    for (const core::HostName& host : hosts) list.push_back(host.str());
    return list;
}

std::vector<core::HostName> hosts_of(const Json& json, const char* name) {
    std::vector<core::HostName> hosts;
    for (const Json& one : list_of(json, name)) {
        hosts.push_back(host_of(one.is_string() ? one.get<std::string>() : ""));
    }
    return hosts;
}

std::set<core::HostName> host_set(const Json& json, const char* name) {
    const auto hosts = hosts_of(json, name);
    return {hosts.begin(), hosts.end()};
}

}  // namespace

std::string encode(const core::Proposal& value) {
    Json json = {{"id", value.id}, {"trigger", core::to_string(value.trigger)}};
    put_commit(json, "commit", value.commit);
    put_text(json, "ref", value.ref);
    put_text(json, "by", value.by);
    put_flag(json, "force", value.force);
    put_time(json, "at", value.at);
    return json.dump();
}

template <>
Expected<core::Proposal> decode<core::Proposal>(std::string_view text) {
    return read_object<core::Proposal>(text, "a proposal", [](const Json& json) {
        core::Proposal value{.id = name_of(json, "id"), .trigger = trigger_of(json, "trigger")};
        value.commit = maybe_commit(json, "commit");
        value.ref = text_of(json, "ref");
        value.by = text_of(json, "by");
        value.force = flag_of(json, "force");
        value.at = time_of(json, "at");
        return value;
    });
}

std::string encode(const core::Wish& value) {
    Json json = {{"id", value.id},
                 {"number", value.number},
                 {"commit", value.commit.hex()},
                 {"trigger", core::to_string(value.trigger)}};
    put_text(json, "by", value.by);
    put_flag(json, "force", value.force);
    put_time(json, "at", value.at);
    put_commit(json, "previous", value.previous);
    return json.dump();
}

template <>
Expected<core::Wish> decode<core::Wish>(std::string_view text) {
    return read_object<core::Wish>(text, "a wish", [](const Json& json) {
        core::Wish value{.id = name_of(json, "id"),
                         .number = number_of(json, "number"),
                         .commit = commit_of(json, "commit"),
                         .trigger = trigger_of(json, "trigger")};
        value.by = text_of(json, "by");
        value.force = flag_of(json, "force");
        value.at = time_of(json, "at");
        value.previous = maybe_commit(json, "previous");
        return value;
    });
}

std::string encode(const core::Rollout& value) {
    Json json = {{"wish", value.wish},
                 {"number", value.number},
                 {"state", core::to_string(value.state)},
                 {"epoch", value.epoch},
                 {"transaction", value.transaction}};
    if (!value.canaries.empty()) json["canaries"] = hosts_json(value.canaries);
    if (!value.wave.empty()) json["wave"] = hosts_json(value.wave);
    if (!value.lost.empty()) json["lost"] = hosts_json(value.lost);
    for (const auto& [host, failure] : value.failures) {
        Json& one = json["failures"][host.str()] = Json::object();
        put_flag(one, "proof", failure.proof);
        put_text(one, "reason", failure.reason);
    }
    put_text(json, "reason", value.reason);
    return json.dump();
}

template <>
Expected<core::Rollout> decode<core::Rollout>(std::string_view text) {
    return read_object<core::Rollout>(text, "a rollout", [](const Json& json) {
        core::Rollout value;
        value.wish = text_of(json, "wish");
        value.number = number_of(json, "number");
        value.state = word_of<core::RolloutState>(json, "state", core::parse_rollout_state);
        value.epoch = number_of(json, "epoch");
        value.transaction = text_of(json, "transaction");
        value.canaries = hosts_of(json, "canaries");
        value.wave = host_set(json, "wave");
        value.lost = host_set(json, "lost");
        for (const auto& [host, one] : map_of(json, "failures").items()) {
            value.failures[host_of(host)] = {flag_of(an_object(one), "proof"),
                                             text_of(one, "reason")};
        }
        value.reason = text_of(json, "reason");
        return value;
    });
}

std::string encode(const core::FleetGood& value) {
    Json json = {{"commit", value.commit.hex()}};
    put_time(json, "since", value.since);
    put_commits(json, "before", value.before);
    return json.dump();
}

template <>
Expected<core::FleetGood> decode<core::FleetGood>(std::string_view text) {
    return read_object<core::FleetGood>(text, "the last good commit", [](const Json& json) {
        return core::FleetGood{commit_of(json, "commit"), time_of(json, "since"),
                               commits_of(json, "before")};
    });
}

std::string encode(const core::BadCommit& value) {
    Json json = Json::object();
    put_text(json, "reason", value.reason);
    put_text(json, "host", value.host);
    put_time(json, "at", value.at);
    return json.dump();
}

template <>
Expected<core::BadCommit> decode<core::BadCommit>(std::string_view text) {
    return read_object<core::BadCommit>(text, "a quarantined commit", [](const Json& json) {
        return core::BadCommit{text_of(json, "reason"), text_of(json, "host"), time_of(json, "at")};
    });
}

std::string encode(const core::Grant& value) {
    Json json = {{"wish", value.wish}, {"number", value.number}, {"commit", value.commit.hex()}};
    put_flag(json, "back", value.back);
    put_flag(json, "force", value.force);
    return json.dump();
}

template <>
Expected<core::Grant> decode<core::Grant>(std::string_view text) {
    return read_object<core::Grant>(text, "a grant", [](const Json& json) {
        return core::Grant{name_of(json, "wish"), number_of(json, "number"),
                           commit_of(json, "commit"), flag_of(json, "back"),
                           flag_of(json, "force")};
    });
}

std::string encode(const core::FleetEntry& value) {
    Json json = {{"id", value.id}, {"trigger", core::to_string(value.trigger)}};
    put_commit(json, "commit", value.commit);
    put_text(json, "by", value.by);
    put_text(json, "decision", value.decision);
    put_text(json, "reason", value.reason);
    put_time(json, "at", value.at);
    if (value.decided_at) put_time(json, "decided_at", *value.decided_at);
    return json.dump();
}

template <>
Expected<core::FleetEntry> decode<core::FleetEntry>(std::string_view text) {
    return read_object<core::FleetEntry>(text, "an entry of the history", [](const Json& json) {
        core::FleetEntry value{.id = name_of(json, "id"),
                               .commit = maybe_commit(json, "commit"),
                               .trigger = trigger_of(json, "trigger"),
                               .by = text_of(json, "by"),
                               .decision = text_of(json, "decision")};
        value.reason = text_of(json, "reason");
        value.at = time_of(json, "at");
        value.decided_at = maybe_time(json, "decided_at");
        return value;
    });
}

std::string encode(const core::FleetPause& value) {
    Json json = Json::object();
    put_text(json, "by", value.by);
    put_time(json, "at", value.at);
    return json.dump();
}

template <>
Expected<core::FleetPause> decode<core::FleetPause>(std::string_view text) {
    return read_object<core::FleetPause>(text, "a pause", [](const Json& json) {
        return core::FleetPause{text_of(json, "by"), time_of(json, "at")};
    });
}

std::string encode(const core::HostRecord& value) {
    Json json = {{"version", value.version}};
    if (!value.labels.empty()) json["labels"] = value.labels;
    return json.dump();
}

template <>
Expected<core::HostRecord> decode<core::HostRecord>(std::string_view text) {
    return read_object<core::HostRecord>(text, "a host", [](const Json& json) {
        core::HostRecord value{{}, text_of(json, "version")};
        for (const auto& [label, one] : map_of(json, "labels").items()) {
            if (!one.is_string()) throw BadField{"a label is no text"};
            value.labels[label] = one.get<std::string>();
        }
        return value;
    });
}

std::string encode(const core::HostApp& value) {
    Json json = {{"state", value.state}, {"health", core::to_string(value.health)}};
    put_commit(json, "commit", value.commit);
    put_flag(json, "busy", value.busy);
    put_text(json, "wish", value.wish);
    put_commit(json, "granted", value.granted);
    if (value.outcome != core::GrantOutcome::none) {
        json["outcome"] = core::to_string(value.outcome);
    }
    put_text(json, "reason", value.reason);
    if (value.seen != core::WishMark{}) json["seen"] = json_of(value.seen);
    if (value.refusal) {
        json["refusal"] = {{"up_to", value.refusal->up_to}};
        put_text(json["refusal"], "reason", value.refusal->reason);
    }
    return json.dump();
}

template <>
Expected<core::HostApp> decode<core::HostApp>(std::string_view text) {
    return read_object<core::HostApp>(text, "an app of a host", [](const Json& json) {
        core::HostApp value{.commit = maybe_commit(json, "commit"),
                            .state = text_of(json, "state")};
        value.health = word_of<core::HostHealth>(json, "health", core::parse_host_health);
        value.busy = flag_of(json, "busy");
        value.wish = text_of(json, "wish");
        value.granted = maybe_commit(json, "granted");
        if (has(json, "outcome")) {
            value.outcome = word_of<core::GrantOutcome>(json, "outcome", core::parse_grant_outcome);
        }
        value.reason = text_of(json, "reason");
        value.seen = mark_of(map_of(json, "seen"));
        if (has(json, "refusal")) {
            const Json& refusal = map_of(json, "refusal");
            value.refusal = core::Refusal{number_of(refusal, "up_to"), text_of(refusal, "reason")};
        }
        return value;
    });
}

std::string encode(const core::FleetValue& value) {
    return std::visit([](const auto& one) { return encode(one); }, value);
}

}  // namespace lastgood::fleet
