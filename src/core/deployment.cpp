#include "lastgood/core/deployment.h"

#include <array>
#include <utility>

namespace lastgood::core {
namespace {

template <typename E, std::size_t N>
std::string_view name_of(const std::array<std::pair<E, std::string_view>, N>& names, E value) {
    for (const auto& [candidate, name] : names) {
        if (candidate == value) return name;
    }
    return "?";
}

template <typename E, std::size_t N>
std::optional<E> value_of(const std::array<std::pair<E, std::string_view>, N>& names,
                          std::string_view text) {
    for (const auto& [candidate, name] : names) {
        if (name == text) return candidate;
    }
    return std::nullopt;
}

constexpr std::array<std::pair<Trigger, std::string_view>, 7> kTriggers = {{
    {Trigger::webhook, "webhook"},
    {Trigger::poll, "poll"},
    {Trigger::cli, "cli"},
    {Trigger::rollback, "rollback"},
    {Trigger::crash_loop, "crash-loop"},
    {Trigger::fleet, "fleet"},
    {Trigger::promote, "promote"},
}};
constexpr std::array<std::pair<Phase, std::string_view>, 5> kPhases = {{
    {Phase::queued, "queued"},
    {Phase::fetching, "fetching"},
    {Phase::building, "building"},
    {Phase::starting, "starting"},
    {Phase::probation, "probation"},
}};
constexpr std::array<std::pair<Outcome, std::string_view>, 5> kOutcomes = {{
    {Outcome::good, "good"},
    {Outcome::failed, "failed"},
    {Outcome::rolled_back, "rolled_back"},
    {Outcome::superseded, "superseded"},
    {Outcome::cancelled, "cancelled"},
}};

}  // namespace

std::string_view to_string(Trigger trigger) {
    return name_of(kTriggers, trigger);
}
std::string_view to_string(Phase phase) {
    return name_of(kPhases, phase);
}
std::string_view to_string(Outcome outcome) {
    return name_of(kOutcomes, outcome);
}
std::optional<Trigger> parse_trigger(std::string_view text) {
    return value_of(kTriggers, text);
}
std::optional<Phase> parse_phase(std::string_view text) {
    return value_of(kPhases, text);
}

}  // namespace lastgood::core
