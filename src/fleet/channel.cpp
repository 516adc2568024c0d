#include "lastgood/fleet/channel.h"

#include "fleet/fields.h"
#include "fleet/settings_json.h"
#include "lastgood/base/strings.h"
#include "lastgood/fleet/values.h"

namespace lastgood::fleet {
namespace {

Json local_json(const core::MemberLocal& local) {
    Json json = {{"state", local.state},
                 {"health", core::to_string(local.health)},
                 {"orders", local.orders},
                 {"order", local.order},
                 {"outcome", core::to_string(local.outcome)}};
    put_commit(json, "commit", local.commit);
    put_flag(json, "proved", local.proved);
    put_flag(json, "paused", local.paused);
    put_text(json, "operator_did", local.operator_did);
    put_flag(json, "busy", local.busy);
    put_flag(json, "begun", local.begun);
    put_text(json, "reason", local.reason);
    return json;
}

std::uint64_t count_of(const Json& json, const char* name) {
    const std::int64_t number = number_of(json, name);
    if (number < 0) throw BadField{std::string(name) + " is negative"};
    return static_cast<std::uint64_t>(number);
}

core::MemberLocal local_of(const Json& json) {
    core::MemberLocal local;
    local.commit = maybe_commit(json, "commit");
    local.proved = flag_of(json, "proved");
    local.state = text_of(json, "state");
    local.health = word_of<core::HostHealth>(json, "health", core::parse_host_health);
    local.paused = flag_of(json, "paused");
    local.operator_did = text_of(json, "operator_did");
    local.orders = count_of(json, "orders");
    local.busy = flag_of(json, "busy");
    local.begun = flag_of(json, "begun");
    local.order = count_of(json, "order");
    local.outcome = word_of<core::GrantOutcome>(json, "outcome", core::parse_grant_outcome);
    local.reason = text_of(json, "reason");
    return local;
}

Json request_json(const core::Request& request) {
    Json json = {{"trigger", core::to_string(request.trigger)}};
    put_commit(json, "commit", request.commit);
    put_text(json, "delivery", request.delivery);
    put_text(json, "by", request.by);
    put_flag(json, "force", request.force);
    for (const core::Candidate& one : request.over) {
        json["over"].push_back({{"commit", one.commit.hex()}, {"delivery", one.delivery}});
    }
    return json;
}

core::Request request_of(const Json& json) {
    core::Request request{.trigger = trigger_of(json, "trigger"),
                          .commit = maybe_commit(json, "commit"),
                          .delivery = text_of(json, "delivery"),
                          .by = text_of(json, "by"),
                          .force = flag_of(json, "force"),
                          .over = {}};
    for (const Json& one : list_of(json, "over")) {
        request.over.push_back({commit_of(an_object(one), "commit"), text_of(one, "delivery")});
    }
    return request;
}

Json facts_json(const core::FetchFacts& facts) {
    Json standings = Json::array();
    for (const core::CommitStanding& one : facts.standings) {
        Json json = {{"commit", one.commit.hex()}, {"ancestor_of", one.ancestor_of}};
        put_flag(json, "present", one.present);
        put_flag(json, "is_commit", one.is_commit);
        put_flag(json, "on_branch", one.on_branch);
        put_flag(json, "ancestor_of_live", one.ancestor_of_live);
        put_flag(json, "descends_from_live", one.descends_from_live);
        put_flag(json, "paths_changed", one.paths_changed);
        put_flag(json, "skip_asked", one.skip_asked);
        standings.push_back(std::move(json));
    }
    Json json = {{"standings", std::move(standings)}};
    put_commit(json, "tip", facts.tip);
    put_text(json, "tip_tag", facts.tip_tag);
    put_flag(json, "live_known", facts.live_known);
    return json;
}

core::FetchFacts facts_of(const Json& json) {
    core::FetchFacts facts;
    facts.tip = maybe_commit(json, "tip");
    facts.tip_tag = text_of(json, "tip_tag");
    facts.live_known = flag_of(json, "live_known");
    for (const Json& one : list_of(json, "standings")) {
        core::CommitStanding standing{.commit = commit_of(an_object(one), "commit")};
        standing.present = flag_of(one, "present");
        standing.is_commit = flag_of(one, "is_commit");
        standing.on_branch = flag_of(one, "on_branch");
        standing.ancestor_of_live = flag_of(one, "ancestor_of_live");
        standing.descends_from_live = flag_of(one, "descends_from_live");
        standing.paths_changed = flag_of(one, "paths_changed");
        standing.skip_asked = flag_of(one, "skip_asked");
        for (const Json& before : list_of(one, "ancestor_of")) {
            standing.ancestor_of.push_back(before.get<bool>());
        }
        facts.standings.push_back(std::move(standing));
    }
    return facts;
}

struct AgentEncoder {
    Json operator()(const AgentSettings& settings) const { return settings_json(settings); }
    Json operator()(const LocalNews& news) const {
        return {{"type", "local"}, {"app", news.app.str()}, {"local", local_json(news.local)}};
    }
    Json operator()(const ProposeAsk& ask) const {
        return {{"type", "propose"},
                {"seq", ask.seq},
                {"app", ask.app.str()},
                {"proposal", encode(ask.proposal)}};
    }
    Json operator()(const FactsTold& told) const {
        Json json = {{"type", "facts"}, {"seq", told.seq}};
        if (told.facts) json["facts"] = facts_json(*told.facts);
        return json;
    }
    Json operator()(const Leave&) const { return {{"type", "leave"}}; }
    Json operator()(const GroupAsk& ask) const { return {{"type", "group"}, {"seq", ask.seq}}; }
};

Json count_json(const AppCount& app) {
    return {{"app", app.app.str()},    {"state", app.state},   {"hosts", app.hosts},
            {"with", app.with_commit}, {"grants", app.grants}, {"failures", app.failures}};
}

AppCount count_of_app(const Json& json) {
    return {app_of(an_object(json), "app"), text_of(json, "state"),    number_of(json, "hosts"),
            number_of(json, "with"),        number_of(json, "grants"), number_of(json, "failures")};
}

const char* word(Proposed::Kind kind) {
    switch (kind) {
        case Proposed::Kind::kept:
            return "kept";
        case Proposed::Kind::known:
            return "known";
        case Proposed::Kind::away:
            return "away";
    }
    return "away";
}

std::optional<Proposed::Kind> parse_proposed(std::string_view text) {
    for (const auto kind : {Proposed::Kind::kept, Proposed::Kind::known, Proposed::Kind::away}) {
        if (text == word(kind)) return kind;
    }
    return std::nullopt;
}

struct DaemonEncoder {
    Json operator()(const AgentLog& log) const {
        Json json = {{"type", "log"}, {"level", static_cast<int>(log.level)}};
        put_text(json, "app", log.app);
        put_text(json, "text", log.text);
        return json;
    }
    Json operator()(const AgentState& state) const {
        Json json = {{"type", "state"}, {"hosts", state.hosts}};
        put_flag(json, "connected", state.connected);
        put_flag(json, "controls", state.controls);
        put_text(json, "controller", state.controller);
        put_text(json, "trouble", state.trouble);
        for (const AppCount& app : state.apps) json["apps"].push_back(count_json(app));
        return json;
    }
    Json operator()(const DeployAsk& ask) const {
        Json json = {{"type", "deploy"},
                     {"app", ask.app.str()},
                     {"order", ask.deploy.order},
                     {"wish", ask.deploy.wish},
                     {"commit", ask.deploy.commit.hex()}};
        put_flag(json, "back", ask.deploy.back);
        put_flag(json, "force", ask.deploy.force);
        return json;
    }
    Json operator()(const WithdrawAsk& ask) const {
        return {{"type", "withdraw"}, {"app", ask.app.str()}, {"order", ask.order}};
    }
    Json operator()(const Proposed& proposed) const {
        Json json = {{"type", "proposed"}, {"seq", proposed.seq}, {"kind", word(proposed.kind)}};
        put_text(json, "reason", proposed.reason);
        return json;
    }
    Json operator()(const FactsAsk& ask) const {
        Json json = {{"type", "question"},
                     {"seq", ask.seq},
                     {"app", ask.question.app.str()},
                     {"request", request_json(ask.question.request)}};
        put_commit(json, "live", ask.question.live);
        return json;
    }
    Json operator()(const GroupTold& told) const {
        return {{"type", "group"},
                {"seq", told.seq},
                {"json", told.json},
                {"why_not", to_utf8(told.why_not)}};
    }
};

ToAgent to_agent(const Json& json) {
    const std::string type = text_of(json, "type");
    if (type == "settings") return settings_of(json);
    if (type == "local") return LocalNews{app_of(json, "app"), local_of(map_of(json, "local"))};
    if (type == "propose") {
        auto proposal = decode<core::Proposal>(text_of(json, "proposal"));
        if (!proposal) throw BadField{proposal.error().what};
        return ProposeAsk{count_of(json, "seq"), app_of(json, "app"), *std::move(proposal)};
    }
    if (type == "facts") {
        FactsTold told{count_of(json, "seq"), std::nullopt};
        if (has(json, "facts")) told.facts = facts_of(map_of(json, "facts"));
        return told;
    }
    if (type == "group") return GroupAsk{count_of(json, "seq")};
    if (type == "leave") return Leave{};
    throw BadField{"its type is unknown"};
}

FromAgent from_agent(const Json& json) {
    const std::string type = text_of(json, "type");
    if (type == "log") {
        const std::int64_t level = number_of(json, "level");
        if (level < 0 || level > static_cast<int>(config::LogLevel::debug)) {
            throw BadField{"level is none"};
        }
        return AgentLog{static_cast<config::LogLevel>(level), text_of(json, "app"),
                        text_of(json, "text")};
    }
    if (type == "state") {
        AgentState state{flag_of(json, "connected"), flag_of(json, "controls"),
                         text_of(json, "controller"), number_of(json, "hosts"),
                         text_of(json, "trouble")};
        for (const Json& app : list_of(json, "apps")) state.apps.push_back(count_of_app(app));
        return state;
    }
    if (type == "deploy") {
        return DeployAsk{app_of(json, "app"),
                         {count_of(json, "order"), text_of(json, "wish"), commit_of(json, "commit"),
                          flag_of(json, "back"), flag_of(json, "force")}};
    }
    if (type == "withdraw") return WithdrawAsk{app_of(json, "app"), count_of(json, "order")};
    if (type == "proposed") {
        return Proposed{count_of(json, "seq"),
                        word_of<Proposed::Kind>(json, "kind", parse_proposed),
                        text_of(json, "reason")};
    }
    if (type == "question") {
        return FactsAsk{
            count_of(json, "seq"),
            {app_of(json, "app"), request_of(map_of(json, "request")), maybe_commit(json, "live")}};
    }
    if (type == "group") {
        return GroupTold{count_of(json, "seq"), text_of(json, "json"), text_of(json, "why_not")};
    }
    throw BadField{"its type is unknown"};
}

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string encode(const ToAgent& message) {
    return dump(std::visit(AgentEncoder{}, message));
}

std::string encode(const FromAgent& message) {
    return dump(std::visit(DaemonEncoder{}, message));
}

Expected<ToAgent> decode_to_agent(std::string_view text) {
    return read_object<ToAgent>(text, "a message to the fleet's agent", to_agent);
}

Expected<FromAgent> decode_from_agent(std::string_view text) {
    return read_object<FromAgent>(text, "a message of the fleet's agent", from_agent);
}

}  // namespace lastgood::fleet
