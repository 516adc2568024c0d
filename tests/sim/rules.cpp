#include "sim/rules.h"

#include <algorithm>

#include "core/state_rules.h"

namespace lastgood::sim {
namespace {

using core::Phase;
using core::RunState;
using core::TimerKind;

TimerKind restart_timer(Slot slot) {
    return slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green;
}

void must(bool holds, const char* what) {
    Ground::must(holds, what);
}

void check_slot(AppWorld& app, Slot which) {
    const auto& process = app.process(which);
    const auto& slot = app.state().slot(which);
    if (process) {
        must(slot.state == RunState::starting || slot.state == RunState::running ||
                 slot.state == RunState::stopping,
             "a process runs that the state doesn't know");
        must(process->run == slot.run && process->commit == slot.commit,
             "another process runs than the state says");
        must(slot.state != RunState::running || process->ready,
             "the state calls a process ready that isn't");
    } else {
        must(slot.state != RunState::starting && slot.state != RunState::running,
             "the state knows a process that doesn't run");
    }
    must((slot.state == RunState::backoff) == app.armed(restart_timer(which)),
         "the restart timer is armed exactly in backoff");
}

// The world is as the state thinks.
void check_world(AppWorld& app, Disk& disk) {
    const core::AppState& state = app.state();
    for (const Slot which : kSlots) check_slot(app, which);
    if (state.live) {
        must(app.users() == state.active, "users are elsewhere than the state says");
        const auto& on_disk = disk.app(app.name());
        must(on_disk.current == state.live, "the link names another release than the live one");
        must(on_disk.built.contains(*state.live), "live names no complete release");
    }
    const bool fetching = state.work && state.work->phase == Phase::fetching;
    const bool building = state.work && state.work->phase == Phase::building;
    must(!fetching || app.fetching() == state.work->id || app.armed(TimerKind::fetch_retry),
         "a fetch is neither under way nor tried again later");
    must(!building || app.building() == state.work->id, "a build is not under way");
    must(fetching || !app.armed(TimerKind::fetch_retry), "a fetch is tried again for nothing");
    if (state.work && state.work->phase == Phase::starting) {
        bool moves = state.slot(other(state.active)).state == RunState::starting;
        for (const auto& slot : state.slots) moves = moves || slot.state == RunState::stopping;
        must(moves, "no start is under way, and nothing stops for it");
    }
    const bool clock_runs = state.trial && state.trial->since;
    must(clock_runs == app.armed(TimerKind::probation),
         "the probation's timer is armed exactly while it runs");
}

void check_served(AppWorld& app) {
    const core::AppState& state = app.state();
    int living = 0;
    for (const Slot slot : kSlots) {
        if (app.process(slot) && !app.process(slot)->stopping) ++living;
    }
    must(app.settings().two_slots || living < 2, "two processes without two slots");
    if (state.stopped) {
        for (const auto& slot : state.slots) {
            must(slot.state == RunState::empty || slot.state == RunState::stopping,
                 "something runs although the operator stopped the app");
        }
    }
    if (!state.live || state.stopped) return;
    const Slot standby = other(state.active);
    const auto& warm = state.slot(standby);
    const bool better =
        state.serves(standby) && state.is_good(*warm.commit) && !state.is_quarantined(*warm.commit);
    must(state.serves(state.active) || !better,
         "users aren't served, though the warm release could");
    // Something runs, or will.
    bool hope = false;
    for (const auto& slot : state.slots) hope = hope || slot.state != RunState::empty;
    must(hope, "nothing runs and nothing will");
}

}  // namespace

void check_runs(AppWorld& app) {
    for (const Slot which : kSlots) check_slot(app, which);
    check_served(app);
}

namespace {

// What is on disk is what the daemon knows, and the next one will know.
void check_stored(AppWorld& app, Disk& disk) {
    const core::AppState& state = app.state();
    const auto& stored = disk.app(app.name());
    must(stored.quarantine == state.quarantine, "the quarantine isn't stored");
    must(stored.state.live == state.live && stored.state.work == state.work &&
             stored.state.waiting == state.waiting && stored.state.paused == state.paused &&
             stored.state.stopped == state.stopped,
         "the state isn't stored");
}

}  // namespace

void check_rules(AppWorld& app, Disk& disk) {
    const std::string broken = core::broken_rule(app.state());
    if (!broken.empty()) Ground::broken(broken);
    if (!app.healthy()) return;  // effects are held
    check_stored(app, disk);
    check_world(app, disk);
    check_served(app);
}

namespace {

void check_tip(AppWorld& app, const Disk::App& on_disk, bool tip_is_new) {
    const core::AppState& state = app.state();
    const CommitId tip = app.remote().tip();
    must(state.live == tip, "in the end the branch's tip isn't live");
    must(state.is_good(tip), "in the end the tip isn't good");
    must(!state.trial && !state.failed, "in the end the tip is still judged");
    if (!tip_is_new) return;
    // Releases that are no good ones went when the tip became good.
    const auto kept = std::max(app.settings().keep_releases, 2);
    must(static_cast<int>(on_disk.built.size()) <= kept + 2, "releases are kept for nothing");
}

void check_journal(AppWorld& app, Disk& disk) {
    std::set<std::string> tried;
    for (const auto& [id, row] : disk.deployments()) {
        if (row.app != app.name().str()) continue;
        tried.insert(row.request.delivery);
        must(row.outcome.has_value(), "in the end a deployment has no outcome");
    }
    for (const auto& [id, delivery] : disk.app(app.name()).deliveries) {
        must(delivery.decision != "deploy" || tried.contains(id),
             "a delivery was accepted, and nothing came of it");
        must(delivery.decision == "deploy" || !delivery.reason.empty(),
             "a delivery was ignored without a reason");
    }
}

// By now the other app has proved what it ever will.
bool may_be_promoted(AppWorld& app, const CommitId& tip) {
    const core::Standing* standing = app.promoted_from();
    return standing == nullptr ||
           core::why_unproved(*app.settings().promotion, *standing, tip, app.now()).empty();
}

}  // namespace

void check_settled(const Ground& ground, AppWorld& app, Disk& disk, bool tip_is_new) {
    const core::AppState& state = app.state();
    Remote& remote = app.remote();
    must(!state.work, "in the end something is still under way");
    must(!state.waiting, "in the end something still waits");
    must(!state.trial || !state.trial->deployment,
         "in the end a release is still in its probation");
    const CommitId tip = remote.tip();
    // What was turned down as forced stays so, also when users are moved back before it.
    const bool fits = !app.host().forward_only;
    const bool tip_good = remote.fate(tip) == Fate::good && !state.is_quarantined(tip) && fits &&
                          !remote.skip_asked(tip) &&
                          !ground.unlucky.contains(app.name().str() + tip.hex());
    if (tip_good && app.host().tip_expected && may_be_promoted(app, tip))
        check_tip(app, disk.app(app.name()), tip_is_new);
    if (state.live && remote.fate(*state.live) == Fate::good) {
        must(app.serves_users(), "in the end users aren't served, though the live release is good");
        must(!state.alarm || state.failed || state.stopped, "in the end its recovery isn't told");
    }
    check_journal(app, disk);
}

}  // namespace lastgood::sim
