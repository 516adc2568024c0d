// One deployment's whole story in plain words: what `lastgood explain` prints. Pure: all of it is
// made of what the daemon answered.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/answers.h"
#include "cli/style.h"

namespace lastgood::cli {

struct MomentView {
    std::optional<WallTime> at;
    std::string kind, text;  // include/lastgood/control/story.h
};

struct StoryView {
    DeploymentView deployment;
    std::optional<DeliveryView> delivery;
    std::vector<MomentView> moments;
    std::vector<std::string> output;
    std::string log;
    std::optional<DeploymentView> next;  // the app's next deployment
    std::optional<QuarantineView> quarantine;
    std::optional<AppView> app;  // as it is now; none: no longer in the config
};

// Of the daemon's answer; without `app`.
std::optional<StoryView> parse_story(std::string_view json);

std::string tell(const StoryView& story, const Style& style);

}  // namespace lastgood::cli
