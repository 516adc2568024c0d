// The way of a delivery through the daemon: as its desk does it, all that came in at once is
// recorded in one transaction with the steps it leads to.
#include <algorithm>

#include "sim/simulation.h"

namespace lastgood::sim {

void Simulation::deliver(const Pushes& pushes, int tries) {
    const bool recorded = !apps_.empty() && deliver_now(pushes);
    if (recorded) {
        for (const auto& push : pushes) acknowledged_.insert(push.delivery);
    } else if (tries > 0) {
        ground_.clock.after(ground_.between(1'000, 30'000),
                            [this, pushes, tries] { deliver(pushes, tries - 1); });
    }
}

bool Simulation::deliver_now(const Pushes& pushes) {
    std::vector<AppWorld*> apps;
    for (const auto& app : apps_) {
        if (std::any_of(pushes.begin(), pushes.end(),
                        [&app](const Push& push) { return push.remote == &app->remote(); })) {
            apps.push_back(app.get());
        }
    }
    for (AppWorld* app : apps) {
        if (!app->healthy()) return false;
    }
    disk_.begin_batch();
    for (AppWorld* app : apps) app->engine().begin_batch();
    std::vector<core::AppState> before;
    for (AppWorld* app : apps) before.push_back(app->state());
    bool failed = false;
    for (const auto& push : pushes) {
        for (AppWorld* app : apps) {
            if (push.remote == &app->remote()) failed = !take(*app, push) || failed;
        }
    }
    for (AppWorld* app : apps) failed = !app->engine().store_batch() || failed;
    if (!failed) failed = !disk_.commit_batch();
    if (failed) disk_.abort_batch();
    for (AppWorld* app : apps) app->engine().end_batch(!failed);
    if (!failed) {
        // Senders are answered before anything is done.
        for (const auto& push : pushes) acknowledged_.insert(push.delivery);
        ground_.kill_point(Kind::killed_around_commit);
    }
    for (std::size_t i = 0; failed && i < apps.size(); ++i) {
        Ground::must(apps[i]->state() == before[i], "a batch was refused, and something remained");
    }
    for (AppWorld* app : apps) app->engine().flush();
    for (AppWorld* app : apps) app->checked();
    return !failed;
}

bool Simulation::take(AppWorld& app, const Push& push) {
    if (disk_.has_delivery(app.name(), push.delivery)) {
        ground_.counts.add(Kind::duplicate);
        return true;
    }
    core::Request request;
    request.trigger = core::Trigger::webhook;
    request.commit = push.commit;
    request.delivery = push.delivery;
    const core::Answer answer = app.handle_in_batch(core::RequestArrived{std::move(request)});
    if (!disk_.takes_writes()) return false;
    disk_.add_delivery(app.name(), push.delivery,
                       {push.commit, answer.accepted ? "deploy" : "ignored", answer.reason});
    return true;
}

}  // namespace lastgood::sim
