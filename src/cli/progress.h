// A deployment as lines for people: one for each phase as it comes, then how it ended.
#pragma once

#include <map>
#include <string>

#include "cli/answers.h"
#include "cli/style.h"
#include "lastgood/base/time.h"

namespace lastgood::cli {

// What a phase brought, by its name: "450 objects, 1.2MB".
using Sizes = std::map<std::string, std::string>;

class Progress {
  public:
    explicit Progress(Style style) : style_(style) {}

    // The lines that this news is worth; empty when nothing changed.
    std::string lines(const DeploymentView& deployment, WallTime now);

    // How far it is within the phase.
    void take(const ProgressView& progress, Instant now);
    // The line that stands under the others on a terminal as long as it goes on, without a newline.
    [[nodiscard]] std::string live(Instant now) const;

  private:
    [[nodiscard]] std::string doing() const;

    Style style_;
    std::string shown_;  // commit and phase
    std::string phase_;  // empty: none yet, or it ended
    Instant phase_began_{};
    ProgressView far_;
    Instant far_at_{};
    Sizes sizes_;
};

// How it ended, with its reason and the time of each phase.
std::string outcome_lines(const DeploymentView& deployment, const Style& style,
                          const Sizes& sizes = {});
// "fetching 84ms, building 12s (9 files, 34KB)"; empty if none is known.
std::string phase_times(const DeploymentView& deployment, const Sizes& sizes = {});
// The deployment whose probation decides on it, where users have the commit on trial already; 0
// where there is none.
std::int64_t decided_by(const DeploymentView& deployment);

// Of a deployment that ended.
int exit_code_of(const DeploymentView& deployment);

}  // namespace lastgood::cli
