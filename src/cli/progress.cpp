#include "cli/progress.h"

#include <algorithm>

#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/table.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

constexpr std::size_t kTimeColumn = 8;

std::string title(const DeploymentView& deployment) {
    std::string text = printable(deployment.app);
    if (!deployment.commit.empty()) text += " " + short_commit(deployment.commit);
    return text;
}

std::string in_time_column(const std::string& text) {
    const std::size_t width = display_width(text);
    return std::string(width < kTimeColumn ? kTimeColumn - width : 0, ' ') + text;
}

}  // namespace

std::string Progress::lines(const DeploymentView& deployment, WallTime now) {
    if (!deployment.outcome.empty()) return outcome_lines(deployment, style_);
    const std::string state = deployment.commit + " " + deployment.phase;
    if (state == shown_) return {};
    shown_ = state;
    const WallTime began = deployment.started_at.value_or(now);
    const std::string passed = "+" + format_duration(std::max(now - began, Millis(0)));
    std::string line = style_.paint(Tone::dim, in_time_column(passed)) + "  " + title(deployment) +
                       " " + printable(deployment.phase);
    if (deployment.phase == "building" && !deployment.subject.empty()) {
        line += "  " + style_.paint(Tone::dim, printable(deployment.subject, 80));
    }
    return line + "\n";
}

std::string phase_times(const DeploymentView& deployment) {
    std::string text;
    for (const auto& [phase, time] : deployment.phases) {
        text += (text.empty() ? "" : ", ") + phase + " " + format_duration(time);
    }
    return text;
}

std::string outcome_lines(const DeploymentView& deployment, const Style& style) {
    std::string text = title(deployment) + " " +
                       style.paint(tone_of(deployment.outcome), printable(deployment.outcome));
    if (deployment.started_at && deployment.finished_at) {
        text += " after " + format_duration(*deployment.finished_at - *deployment.started_at);
    }
    bool first = true;
    for (const std::string& line : split(trim(deployment.reason), '\n')) {
        if (deployment.reason.empty()) break;
        text += (first ? ": " : "\n    ") + printable(line);
        first = false;
    }
    text += "\n";
    const std::string phases = phase_times(deployment);
    if (!phases.empty()) text += style.paint(Tone::dim, "  " + phases) + "\n";
    return text;
}

int exit_code_of(const DeploymentView& deployment) {
    const auto says = [&deployment](std::string_view words) {
        return deployment.reason.find(words) != std::string::npos;
    };
    if (deployment.outcome == "good") return kDone;
    // Users have that very commit: nothing was left to do.
    if (deployment.outcome == "superseded" && says("is live already")) return kDone;
    const bool refused = says("in quarantine") || says("use --force");
    if (deployment.outcome == "cancelled" && refused) return kRefused;
    return kFailed;
}

}  // namespace lastgood::cli
