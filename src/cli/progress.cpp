#include "cli/progress.h"

#include <algorithm>
#include <cstdlib>

#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/help.h"
#include "cli/table.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

constexpr std::size_t kTimeColumn = 8;
constexpr std::size_t kCommandColumns = 32;  // the step's output wants room, too

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
    if (!deployment.outcome.empty()) {
        phase_.clear();
        return outcome_lines(deployment, style_, sizes_);
    }
    const std::string state = deployment.commit + " " + deployment.phase;
    if (state == shown_) return {};
    shown_ = state;
    if (phase_ != deployment.phase) {
        phase_ = deployment.phase;
        phase_began_ = BootClock::now();
        far_ = {};
    }
    const WallTime began = deployment.started_at.value_or(now);
    const std::string passed = "+" + format_duration(std::max(now - began, Millis(0)));
    std::string line = style_.paint(Tone::dim, in_time_column(passed)) + "  " + title(deployment) +
                       " " + printable(deployment.phase);
    if (deployment.phase == "building" && !deployment.subject.empty()) {
        line += "  " + style_.paint(Tone::dim, printable(deployment.subject, 80));
    }
    return line + "\n";
}

void Progress::take(const ProgressView& progress, Instant now) {
    far_ = progress;
    far_at_ = now;
    if (progress.doing == "fetch") {
        sizes_["fetching"] = std::to_string(progress.objects) + " objects";
        if (progress.bytes > 0) sizes_["fetching"] += ", " + format_size(progress.bytes);
    } else if (progress.doing == "files" && progress.files > 0) {
        sizes_["building"] =
            std::to_string(progress.files) + " files, " + format_size(progress.bytes);
    }
}

// Within the phase, as far as it was told.
std::string Progress::doing() const {
    if (far_.doing == "fetch" && far_.objects_total > 0) {
        return std::to_string(far_.objects * 100 / far_.objects_total) + "% of " +
               std::to_string(far_.objects_total) + " objects" +
               (far_.bytes > 0 ? ", " + format_size(far_.bytes) : "");
    }
    if (far_.step > 0) {
        return (far_.doing == "build" ? "" : printable(far_.doing) + " ") + "step " +
               std::to_string(far_.step) + " of " + std::to_string(far_.steps) + ": " +
               cut_to(printable(far_.command), kCommandColumns);
    }
    return {};
}

std::string Progress::live(Instant now) const {
    if (phase_.empty()) return {};
    const std::string within = doing();
    const Millis passed = within.empty() ? now - phase_began_ : far_.elapsed + (now - far_at_);
    std::string text =
        phase_ + " " + format_duration(std::chrono::floor<std::chrono::seconds>(passed));
    if (!within.empty()) text += "  " + within;
    if (!within.empty() && !far_.line.empty()) text += "  | " + printable(far_.line);
    return style_.paint(Tone::dim, cut_to(std::string(kTimeColumn + 2, ' ') + text,
                                          style_.columns > 0 ? style_.columns - 1 : 79));
}

std::string phase_times(const DeploymentView& deployment, const Sizes& sizes) {
    std::string text;
    for (const auto& [phase, time] : deployment.phases) {
        text += (text.empty() ? "" : ", ") + phase + " " + format_duration(time);
        if (const auto size = sizes.find(phase); size != sizes.end()) {
            text += " (" + size->second + ")";
        }
    }
    return text;
}

std::string outcome_lines(const DeploymentView& deployment, const Style& style,
                          const Sizes& sizes) {
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
    const std::string phases = phase_times(deployment, sizes);
    if (!phases.empty()) text += style.paint(Tone::dim, "  " + phases) + "\n";
    if (!deployment.help.empty()) {
        text += style.paint(Tone::dim, "  why: lastgood explain " + std::to_string(deployment.id) +
                                           "; " + see(deployment.help)) +
                "\n";
    }
    return text;
}

std::int64_t decided_by(const DeploymentView& deployment) {
    constexpr std::string_view kWords = "is live already, in the probation of deployment ";
    const auto at = deployment.reason.find(kWords);
    if (deployment.outcome != "superseded" || at == std::string::npos) return 0;
    return std::strtoll(deployment.reason.c_str() + at + kWords.size(), nullptr, 10);
}

int exit_code_of(const DeploymentView& deployment) {
    const auto says = [&deployment](std::string_view words) {
        return deployment.reason.find(words) != std::string::npos;
    };
    if (deployment.outcome == "good") return kDone;
    const bool refused = says("in quarantine") || says("use --force");
    if (deployment.outcome == "cancelled" && refused) return kRefused;
    return kFailed;
}

}  // namespace lastgood::cli
