#include "lastgood/core/help_topic.h"

#include <array>
#include <utility>

namespace lastgood::core {
namespace {

using Sign = std::pair<std::string_view, std::string_view>;  // words in the reason, name

template <std::size_t Count>
std::string_view first_sign(const std::array<Sign, Count>& signs, std::string_view reason,
                            std::string_view otherwise) {
    for (const auto& [words, name] : signs) {
        if (reason.find(words) != std::string_view::npos) return name;
    }
    return otherwise;
}

constexpr std::array kFetching = {
    Sign{"is not on branch", "LG-not-on-branch"},
    Sign{"has none of the tags", "LG-not-on-branch"},
    Sign{"is not in the repository", "LG-commit-missing"},
    Sign{"is not a commit", "LG-commit-missing"},
};
// Output of the build may stand behind these.
constexpr std::array kBuilding = {
    Sign{"build: step", "LG-build-failed"},
    Sign{"before_switch: step", "LG-hook-failed"},
    Sign{" is not signed", "LG-not-signed"},
    Sign{"signature", "LG-not-signed"},
    Sign{"nothing says what to run", "LG-nothing-to-run"},
};
// What waits for another app may be in quarantine there.
constexpr std::array kCancelled = {
    Sign{" waits for ", "LG-not-proved"},      Sign{"it was proved by", "LG-not-on-branch"},
    Sign{"in quarantine", "LG-quarantined"},   Sign{"rolled back by", "LG-rolled-back-by-hand"},
    Sign{"fast_forward_only", "LG-held-back"}, Sign{"[skip deploy]", "LG-held-back"},
    Sign{"under `paths`", "LG-held-back"},
};
constexpr std::array kSuperseded = {
    Sign{"stale", "LG-stale"},
};
constexpr std::array kRefusals = {
    Sign{" waits for ", "LG-not-proved"},
    Sign{"in quarantine", "LG-quarantined"},
    Sign{"no good release", "LG-nothing-good"},
    Sign{"nothing is live yet", "LG-nothing-good"},
    Sign{"nothing was deployed yet", "LG-nothing-good"},
    Sign{"are paused", "LG-paused"},
    Sign{"takes the role", "LG-not-allowed"},
    Sign{"could not be recorded", "LG-not-recorded"},
};

std::string_view of_failure(const Ended& deployment) {
    const std::string_view reason = deployment.reason;
    if (reason.ends_with("there is no good release to go back to")) return "LG-nothing-good";
    if (deployment.phase == "queued" || deployment.phase == "fetching") {
        return first_sign(kFetching, reason, "LG-fetch-failed");
    }
    if (deployment.phase == "building") return first_sign(kBuilding, reason, "LG-build-failed");
    return "LG-not-ready";
}

std::string_view of_rollback(std::string_view reason) {
    if (reason.starts_with("its readiness probe failed")) return "LG-probe-failed";
    if (reason.starts_with("rolled back by")) return "LG-rolled-back-by-hand";
    return "LG-crash-loop";
}

}  // namespace

std::string_view help_topic(const Ended& deployment) {
    const std::string_view outcome = deployment.outcome;
    if (outcome == "failed") return of_failure(deployment);
    if (outcome == "rolled_back") return of_rollback(deployment.reason);
    if (outcome == "cancelled") return first_sign(kCancelled, deployment.reason, "LG-cancelled");
    if (outcome == "superseded") return first_sign(kSuperseded, deployment.reason, {});
    return {};
}

std::string_view help_topic_of_refusal(std::string_view reason) {
    return first_sign(kRefusals, reason, {});
}

}  // namespace lastgood::core
