#include "sim/describe.h"

#include <array>

namespace lastgood::sim {
namespace {

std::string text(DeploymentId id) {
    return "#" + std::to_string(id.value);
}
std::string text(Slot slot, RunId run) {
    return std::string(to_string(slot)) + " run " + std::to_string(run.value);
}
std::string text(core::TimerKind kind) {
    constexpr std::array kNames = {"fetch_retry", "restart_blue", "restart_green", "probation",
                                   "settled"};
    return kNames[static_cast<std::size_t>(kind)];
}
std::string text(core::RunState state) {
    constexpr std::array kNames = {"empty", "starting", "running", "backoff", "stopping"};
    return kNames[static_cast<std::size_t>(state)];
}

struct OfEvent {
    const Remote& remote;

    std::string operator()(const core::DaemonStarted&) const { return "DaemonStarted"; }
    std::string operator()(const core::RequestArrived& e) const {
        return "RequestArrived " + std::string(core::to_string(e.request.trigger)) + " " +
               (e.request.commit ? remote.name(e.request.commit) : "tip") +
               (e.request.force ? " --force " : " ") + e.request.delivery;
    }
    std::string operator()(const core::Fetched& e) const {
        std::string line = "Fetched " + text(e.deployment) + " tip " + remote.name(e.facts.tip);
        for (const auto& standing : e.facts.standings) {
            line += " " + remote.name(standing.commit) + (standing.present ? "" : " absent") +
                    (standing.on_branch ? "" : " off-branch") +
                    (standing.ancestor_of_live ? " older-than-live" : "");
        }
        return line;
    }
    std::string operator()(const core::FetchFailed& e) const {
        return "FetchFailed " + text(e.deployment) + (e.permanent ? " for good" : "");
    }
    std::string operator()(const core::Built& e) const { return "Built " + text(e.deployment); }
    std::string operator()(const core::BuildFailed& e) const {
        return "BuildFailed " + text(e.deployment) + " " + e.reason;
    }
    std::string operator()(const core::RunReady& e) const {
        return "RunReady " + text(e.slot, e.run);
    }
    std::string operator()(const core::RunNotReady& e) const {
        return "RunNotReady " + text(e.slot, e.run);
    }
    std::string operator()(const core::ProbeFailed& e) const {
        return "ProbeFailed " + text(e.slot, e.run) + " x" + std::to_string(e.in_a_row);
    }
    std::string operator()(const core::RunExited& e) const {
        return "RunExited " + text(e.slot, e.run) + " " + e.status + (e.asked ? " (asked)" : "");
    }
    std::string operator()(const core::TimerFired& e) const { return "TimerFired " + text(e.kind); }
    std::string operator()(const core::PromotionDue&) const { return "PromotionDue"; }
    std::string operator()(const core::WithdrawAsked& event) const {
        return "WithdrawAsked " + std::to_string(event.deployment.value);
    }
    std::string operator()(const core::PollSaw& e) const { return "PollSaw " + remote.name(e.tip); }
    std::string operator()(const core::LookFailed& e) const {
        return "LookFailed x" + std::to_string(e.in_a_row);
    }
    std::string operator()(const core::RollbackAsked& e) const {
        return "RollbackAsked to " + remote.name(e.to);
    }
    std::string operator()(const core::PauseAsked&) const { return "PauseAsked"; }
    std::string operator()(const core::ResumeAsked&) const { return "ResumeAsked"; }
    std::string operator()(const core::StartAsked&) const { return "StartAsked"; }
    std::string operator()(const core::StopAsked&) const { return "StopAsked"; }
    std::string operator()(const core::RestartAsked&) const { return "RestartAsked"; }
    std::string operator()(const core::RenewWanted& e) const { return "RenewWanted: " + e.reason; }
    std::string operator()(const core::QuarantineReleaseAsked& e) const {
        return "QuarantineReleaseAsked " + remote.name(e.commit);
    }
    std::string operator()(const core::ReleaseRemoved& e) const {
        return "ReleaseRemoved " + remote.name(e.commit);
    }
};

struct OfEffect {
    const Remote& remote;

    std::string operator()(const core::DoFetch& e) const {
        return "DoFetch " + text(e.deployment) + " of " + std::to_string(e.candidates.size());
    }
    std::string operator()(const core::DoBuild& e) const {
        return "DoBuild " + text(e.deployment) + " " + remote.name(e.commit);
    }
    std::string operator()(const core::CancelWork& e) const {
        return "CancelWork " + text(e.deployment);
    }
    std::string operator()(const core::DoStart& e) const {
        return "DoStart " + text(e.slot, e.run) + " " + remote.name(e.commit);
    }
    std::string operator()(const core::DoStop& e) const {
        return "DoStop " + std::string(to_string(e.slot));
    }
    std::string operator()(const core::DoSwitch& e) const {
        return "DoSwitch " + std::string(to_string(e.slot)) + " " + remote.name(e.commit);
    }
    std::string operator()(const core::WatchHealth& e) const {
        return "WatchHealth " + std::string(to_string(e.slot)) + (e.on ? " on" : " off");
    }
    std::string operator()(const core::SetTimer& e) const {
        return "SetTimer " + text(e.kind) + " " + format_duration(e.delay);
    }
    std::string operator()(const core::ClearTimer& e) const { return "ClearTimer " + text(e.kind); }
    std::string operator()(const core::Prune&) const { return "Prune"; }
    std::string operator()(const core::RunHook& e) const {
        return "RunHook " + remote.name(e.commit);
    }
    std::string operator()(const core::PollNow&) const { return "PollNow"; }
    std::string operator()(const core::Tell& e) const { return "Tell: " + e.text; }
};

std::string describe(const std::optional<core::Deployment>& work, const Remote& remote) {
    if (!work) return "-";
    return text(work->id) + " " + std::string(core::to_string(work->request.trigger)) + " " +
           std::string(core::to_string(work->phase)) + " " + remote.name(work->commit);
}

}  // namespace

std::string describe(const core::Event& event, const Remote& remote) {
    return std::visit(OfEvent{remote}, event);
}

std::string describe(const core::Effect& effect, const Remote& remote) {
    return std::visit(OfEffect{remote}, effect);
}

std::string describe(const core::AppState& state, const Remote& remote) {
    std::string line = "live " + remote.name(state.live) + " in " +
                       std::string(to_string(state.active)) + ", work " +
                       describe(state.work, remote) + ", waiting " +
                       describe(state.waiting, remote) + ", trial ";
    if (state.trial) {
        line += text(state.trial->deployment) + " " + remote.name(state.trial->commit) + " in " +
                std::string(to_string(state.trial->slot)) + " crashes " +
                std::to_string(state.trial->crashes) + " ran " + format_duration(state.trial->ran) +
                (state.trial->since ? " and runs" : "");
    } else {
        line += "-";
    }
    for (const Slot slot : kSlots) {
        const auto& from = state.slot(slot);
        line += ", " + std::string(to_string(slot)) + " " + text(from.state) + " " +
                remote.name(from.commit) + (from.restart ? " restart" : "");
    }
    line += std::string(state.paused ? ", paused" : "") + (state.stopped ? ", stopped" : "") +
            (state.failed ? ", failed" : "") + ", good";
    for (const auto& commit : state.good) line += " " + remote.name(commit);
    line += ", quarantine";
    for (const auto& [commit, reason] : state.quarantine) line += " " + remote.name(commit);
    return line + ", seen " + remote.name(state.seen_tip);
}

}  // namespace lastgood::sim
