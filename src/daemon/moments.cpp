#include "daemon/moments.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::daemon {
namespace {

constexpr std::uint64_t kPieceBytesMax = 512 * 1024;  // some thousand moments
constexpr int kPieces = 1;                            // besides the one that is written

std::string path_in(const std::string& logs_folder) {
    return logs_folder + "/moments.log";
}

// Begins every line of a deployment's: most lines needn't be parsed.
std::string head_of(DeploymentId deployment) {
    return "{\"deployment\":" + std::to_string(deployment.value) + ",";
}

std::string line_of(DeploymentId deployment, const char* kind, const std::string& text) {
    const nlohmann::ordered_json line{{"deployment", deployment.value},
                                      {"at", format_rfc3339(wall_now())},
                                      {"kind", kind},
                                      {"text", to_utf8(text)}};
    return line.dump() + "\n";
}

void take_piece(const std::string& path, const std::string& head,
                std::vector<control::Moment>& moments) {
    const auto text = sys::read_file(path, 2 * kPieceBytesMax);
    if (!text) return;
    for (const std::string& line : split(*text, '\n')) {
        if (!line.starts_with(head)) continue;
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_object()) continue;
        const auto at = parse_rfc3339(json.value("at", ""));
        if (at) moments.push_back({*at, json.value("kind", ""), json.value("text", "")});
    }
}

// Whose news it is.
struct About {
    const core::AppState& state;

    // What runs in a slot is on trial there, or about to be.
    DeploymentId run(Slot slot) const {
        if (state.trial && state.trial->slot == slot) return state.trial->deployment;
        const bool starting = state.work && state.work->phase == core::Phase::starting;
        return starting ? state.work->id : DeploymentId{};
    }
    DeploymentId trial() const { return state.trial ? state.trial->deployment : DeploymentId{}; }
    DeploymentId work() const { return state.work ? state.work->id : DeploymentId{}; }

    DeploymentId operator()(const core::Fetched& event) const { return event.deployment; }
    DeploymentId operator()(const core::FetchFailed& event) const { return event.deployment; }
    DeploymentId operator()(const core::Built& event) const { return event.deployment; }
    DeploymentId operator()(const core::BuildFailed& event) const { return event.deployment; }
    DeploymentId operator()(const core::RunReady& event) const { return run(event.slot); }
    DeploymentId operator()(const core::RunNotReady& event) const { return run(event.slot); }
    DeploymentId operator()(const core::ProbeFailed& event) const { return run(event.slot); }
    DeploymentId operator()(const core::RunExited& event) const { return run(event.slot); }
    DeploymentId operator()(const core::TimerFired& event) const {
        return event.kind == core::TimerKind::fetch_retry ? work() : trial();
    }
    template <typename Other>
    DeploymentId operator()(const Other&) const {
        return {};
    }
};

}  // namespace

Moments::Moments(const std::string& logs_folder)
    : file_(path_in(logs_folder), {kPieceBytesMax, kPieces, false}, nullptr,
            [](std::uint64_t) { return std::string(); }) {}

void Moments::add(DeploymentId deployment, const char* kind, const std::string& text) {
    if (deployment) file_.write(line_of(deployment, kind, text));
}

std::vector<control::Moment> read_moments(const std::string& logs_folder, DeploymentId deployment) {
    std::vector<control::Moment> moments;
    const std::string path = path_in(logs_folder);
    for (int piece = kPieces; piece >= 0; --piece) {
        take_piece(piece == 0 ? path : path + "." + std::to_string(piece), head_of(deployment),
                   moments);
    }
    return moments;
}

DeploymentId deployment_of(const core::Event& event, const core::AppState& state) {
    return std::visit(About{state}, event);
}

}  // namespace lastgood::daemon
