// A deployment as lines for people: one for each phase as it comes, then how it ended.
#pragma once

#include <string>

#include "cli/answers.h"
#include "cli/style.h"
#include "lastgood/base/time.h"

namespace lastgood::cli {

class Progress {
  public:
    explicit Progress(Style style) : style_(style) {}

    // The lines that this news is worth; empty when nothing changed.
    std::string lines(const DeploymentView& deployment, WallTime now);

  private:
    Style style_;
    std::string shown_;  // commit and phase
};

// How it ended, with its reason and the time of each phase.
std::string outcome_lines(const DeploymentView& deployment, const Style& style);
// "fetching 84ms, building 12s"; empty if none is known.
std::string phase_times(const DeploymentView& deployment);
// Of a deployment that ended.
int exit_code_of(const DeploymentView& deployment);

}  // namespace lastgood::cli
