#include "lastgood/core/rollout.h"

#include <algorithm>

#include "core/rollout_step.h"
#include "lastgood/base/mutant.h"

namespace lastgood::core {

int hosts_within(const HostBound& bound, std::size_t of_hosts) {
    if (!bound.percent) return std::max(1, bound.number);
    return std::max(1, static_cast<int>(of_hosts) * *bound.percent / 100);
}

void learn(ControllerMemory& memory, const FleetQuestion& question, FetchFacts facts) {
    RolloutMemory& app = memory.apps[question.app];
    if (app.asked == question) app.facts = std::move(facts);
}

void learn_nothing(ControllerMemory& memory, const FleetQuestion& question, Instant now) {
    RolloutMemory& app = memory.apps[question.app];
    if (app.asked == question) app.ask_after = now + limits::kFleetAskAgain;
}

FleetActs decide(const FleetView& view, const FleetSettings& settings, ControllerMemory& memory,
                 const Controllership& controllership, Instant now, WallTime wall) {
    FleetActs acts;
    if (now >= controllership.held_until && LASTGOOD_MUTANT(fleet_never_steps_down, true, false)) {
        acts.step_down = true;
        return acts;
    }
    const RolloutStep::Ground ground{view, settings.rollout, controllership, now, wall};
    for (const auto& [app, keys] : view.apps) {
        const auto of_app = settings.apps.find(app);
        if (of_app == settings.apps.end()) {
            acts.waits[app] = "the controller's config has no app " + app.str();
            continue;
        }
        RolloutStep(ground, app, keys, of_app->second, memory, acts).run();
    }
    std::erase_if(memory.apps, [&](const auto& entry) { return !view.apps.contains(entry.first); });
    return acts;
}

}  // namespace lastgood::core
