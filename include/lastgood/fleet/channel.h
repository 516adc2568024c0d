// What the daemon and its fleet agent say to each other: one JSON object per message of a
// base/sys/message_channel.h.
//
//   daemon → agent   settings (first of all, once) · how an app is here · propose (wants a reply) ·
//                    facts (the answer to a question) · look at the group (wants a reply) · leave
//   agent → daemon   log · news · state of the connection · deploy · withdraw · proposed ·
//                    question · the group
//
// Each of them may be said twice: to a new agent all that still holds is said again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/config/config.h"
#include "lastgood/core/fleet_member.h"
#include "lastgood/core/rollout.h"

namespace lastgood::fleet {

// ---- to the agent
struct AgentApp {
    AppName name;
    core::Followed followed;
    bool fast_forward_only = false;
};
struct AgentSettings {
    config::Fleet fleet;  // with its host
    std::string folder;   // of what the agent keeps over restarts
    std::string version;
    std::vector<AgentApp> apps;
};
struct LocalNews {
    AppName app;
    core::MemberLocal local;
};
struct ProposeAsk {
    std::uint64_t seq = 0;
    AppName app;
    core::Proposal proposal;
};
// Nothing: there is no answer now.
struct FactsTold {
    std::uint64_t seq = 0;
    std::optional<core::FetchFacts> facts;
};
// How the whole group is.
struct GroupAsk {
    std::uint64_t seq = 0;
};
// End, and give back this host's place in the group: its apps are stopped.
struct Leave {};
using ToAgent = std::variant<AgentSettings, LocalNews, ProposeAsk, FactsTold, GroupAsk, Leave>;

// ---- to the daemon
struct AgentLog {
    config::LogLevel level = config::LogLevel::info;
    std::string app;  // empty: of the fleet as a whole
    std::string text;
};
// One app of the group, as its controller counts.
struct AppCount {
    AppName app;
    std::string state;  // as group_json.h says it
    std::int64_t hosts = 0;
    std::int64_t with_commit = 0;  // of the wish
    std::int64_t grants = 0;
    std::int64_t failures = 0;  // hosts, of the wish
    bool operator==(const AppCount&) const = default;
};
// How it stands with etcd, for people, `doctor` and metrics.
struct AgentState {
    bool connected = false;        // the lease is held and the view is current
    bool controls = false;         // this host is the controller
    std::string controller;        // the host that is; empty: none, or not known
    std::int64_t hosts = 0;        // alive in the group; the controller alone counts them
    std::string trouble;           // why not connected
    std::vector<AppCount> apps{};  // of the group; the controller alone counts them
    bool operator==(const AgentState&) const = default;
};
struct DeployAsk {
    AppName app;
    core::MemberDeploy deploy;
};
struct WithdrawAsk {
    AppName app;
    std::uint64_t order = 0;
};
struct Proposed {
    enum class Kind {
        kept,   // etcd has it
        known,  // it had it before
        away,   // etcd can't be asked now, or nobody knows: send it again
    };
    std::uint64_t seq = 0;
    Kind kind = Kind::away;
    std::string reason;
};
struct FactsAsk {
    std::uint64_t seq = 0;
    core::FleetQuestion question;
};
struct GroupTold {
    std::uint64_t seq = 0;
    std::string json;     // overview_json(); empty: it could not be read
    std::string why_not;  // then
};
using FromAgent =
    std::variant<AgentLog, AgentState, DeployAsk, WithdrawAsk, Proposed, FactsAsk, GroupTold>;

std::string encode(const ToAgent& message);
std::string encode(const FromAgent& message);
// An Error: the other side has a bug.
Expected<ToAgent> decode_to_agent(std::string_view text);
Expected<FromAgent> decode_from_agent(std::string_view text);

}  // namespace lastgood::fleet
