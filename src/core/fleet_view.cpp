#include "lastgood/core/fleet_view.h"

#include <algorithm>
#include <array>

namespace lastgood::core {
namespace {

constexpr std::size_t kHostNameBytesMax = 253;  // as of a name in DNS
constexpr std::size_t kHistoryDigits = 12;

constexpr std::array<std::string_view, 4> kRolloutStates = {"canary", "waves", "done", "halted"};
constexpr std::array<std::string_view, 3> kHealths = {"ok", "failing", "down"};
constexpr std::array<std::string_view, 5> kGrantOutcomes = {"none", "good", "bad", "failed",
                                                            "declined"};

template <typename Word, std::size_t count>
std::optional<Word> parse_word(const std::array<std::string_view, count>& words,
                               std::string_view text) {
    const auto* const found = std::find(words.begin(), words.end(), text);
    if (found == words.end()) return std::nullopt;
    return static_cast<Word>(found - words.begin());
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::string app_key(const AppName& app, std::string_view rest) {
    return "apps/" + app.str() + "/" + std::string(rest);
}

}  // namespace

std::optional<HostName> HostName::parse(std::string_view text) {
    if (text.empty() || text.size() > kHostNameBytesMax) return std::nullopt;
    std::string name(text);
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (!is_letter_or_digit(c) && c != '.' && c != '_' && c != '-') return std::nullopt;
    }
    if (!is_letter_or_digit(name.front())) return std::nullopt;
    return HostName(std::move(name));
}

std::string proposal_key(const AppName& app, std::string_view id) {
    return app_key(app, "proposals/") + std::string(id);
}
std::string wish_key(const AppName& app) {
    return app_key(app, "wish");
}
std::string rollout_key(const AppName& app) {
    return app_key(app, "rollout");
}
std::string good_key(const AppName& app) {
    return app_key(app, "good");
}
std::string quarantine_key(const AppName& app, const CommitId& commit) {
    return app_key(app, "quarantine/") + commit.hex();
}
std::string grant_key(const AppName& app, const HostName& host) {
    return app_key(app, "grants/") + host.str();
}
std::string history_key(const AppName& app, std::int64_t number) {
    const std::string digits = std::to_string(number);
    const std::size_t missing = kHistoryDigits - std::min(kHistoryDigits, digits.size());
    return app_key(app, "history/") + std::string(missing, '0') + digits;
}
std::string paused_key(const AppName& app) {
    return app_key(app, "paused");
}
std::string host_key(const HostName& host) {
    return "hosts/" + host.str();
}
std::string host_app_key(const HostName& host, const AppName& app) {
    return host_key(host) + "/apps/" + app.str();
}

std::string_view to_string(RolloutState state) {
    return kRolloutStates[static_cast<std::size_t>(state)];
}
std::string_view to_string(HostHealth health) {
    return kHealths[static_cast<std::size_t>(health)];
}
std::string_view to_string(GrantOutcome outcome) {
    return kGrantOutcomes[static_cast<std::size_t>(outcome)];
}
std::optional<RolloutState> parse_rollout_state(std::string_view text) {
    return parse_word<RolloutState>(kRolloutStates, text);
}
std::optional<HostHealth> parse_host_health(std::string_view text) {
    return parse_word<HostHealth>(kHealths, text);
}
std::optional<GrantOutcome> parse_grant_outcome(std::string_view text) {
    return parse_word<GrantOutcome>(kGrantOutcomes, text);
}

}  // namespace lastgood::core
