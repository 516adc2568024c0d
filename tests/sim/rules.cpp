#include "sim/rules.h"

#include "core/state_rules.h"
#include "lastgood/core/retention_policy.h"

namespace lastgood::sim {
namespace {

using core::Phase;
using core::RunState;
using core::TimerKind;

TimerKind restart_timer(Slot slot) {
    return slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green;
}

// The world is as the state thinks.
void check_world(AppWorld& app, const Remote& remote, Disk& disk) {
    const core::AppState& state = app.state();
    const auto must = [&app](bool holds, const std::string& what) {
        Ground::must(holds, app.name().str() + ": " + what);
    };
    for (const Slot which : kSlots) {
        const auto& process = app.process(which);
        const auto& slot = state.slot(which);
        const std::string name(to_string(which));
        if (process) {
            must(slot.state == RunState::starting || slot.state == RunState::running ||
                     slot.state == RunState::stopping,
                 "a process runs in " + name + " that the state doesn't know");
            must(process->run == slot.run && process->commit == slot.commit,
                 "another process runs in " + name + " than the state says");
            must(slot.state != RunState::running || process->ready,
                 "the state says that " + name + " is ready");
        } else {
            must(slot.state != RunState::starting && slot.state != RunState::running,
                 "nothing runs in " + name);
        }
        must((slot.state == RunState::backoff) == app.armed(restart_timer(which)),
             "the restart timer of " + name + " is armed exactly in backoff");
    }
    if (state.live) {
        must(app.users() == state.active, "users are where the state says");
        const auto& link = disk.app(app.name()).current;
        must(link == state.live,
             "the link names " + remote.name(link) + ", live is " + remote.name(state.live));
        must(disk.app(app.name()).built.contains(*state.live), "live names a complete release");
    }
    const bool fetching = state.work && state.work->phase == Phase::fetching;
    const bool building = state.work && state.work->phase == Phase::building;
    must(!fetching || app.fetching() == state.work->id || app.armed(TimerKind::fetch_retry),
         "a fetch is under way or tried again later");
    must(!building || app.building() == state.work->id, "a build is under way");
    must(fetching || !app.armed(TimerKind::fetch_retry), "a fetch is tried again for nothing");
    if (state.work && state.work->phase == Phase::starting) {
        bool moves = state.slot(other(state.active)).state == RunState::starting;
        for (const auto& slot : state.slots) moves = moves || slot.state == RunState::stopping;
        must(moves, "a start is under way, or something stops for it");
    }
    const bool clock_runs = state.trial && state.trial->since;
    must(clock_runs == app.armed(TimerKind::probation),
         "the probation's timer is armed exactly while it runs");
}

void check_served(AppWorld& app) {
    const core::AppState& state = app.state();
    if (!app.engine().settings().two_slots) {
        const bool both = app.process(Slot::blue) && app.process(Slot::green);
        Ground::must(!both, app.name().str() + ": two processes without two slots");
    }
    if (!state.live || state.stopped) return;
    const Slot standby = other(state.active);
    const auto& warm = state.slot(standby);
    const bool better =
        state.serves(standby) && state.is_good(*warm.commit) && !state.is_quarantined(*warm.commit);
    Ground::must(state.serves(state.active) || !better,
                 app.name().str() + ": users aren't served, though the warm release could");
    // Something runs, or will.
    bool hope = false;
    for (const auto& slot : state.slots) hope = hope || slot.state != RunState::empty;
    Ground::must(hope, app.name().str() + ": nothing runs and nothing will");
}

}  // namespace

void check_rules(AppWorld& app, const Remote& remote, Disk& disk) {
    const std::string broken = core::broken_rule(app.state());
    Ground::must(broken.empty(), app.name().str() + ": " + broken);
    if (!app.engine().healthy()) return;  // effects are held
    check_world(app, remote, disk);
    check_served(app);
}

void check_settled(AppWorld& app, const Remote& remote, Disk& disk, bool tip_expected,
                   bool tip_is_new) {
    const core::AppState& state = app.state();
    const auto must = [&app](bool holds, const std::string& what) {
        Ground::must(holds, app.name().str() + ": in the end " + what);
    };
    must(!state.work, "something is still under way");
    must(!state.waiting, "something still waits");
    const CommitId tip = remote.tip();
    const bool tip_good = remote.fate(tip) == Fate::good && !state.is_quarantined(tip);
    if (tip_good && tip_expected) {
        must(state.live == tip, "the tip " + remote.name(tip) + " isn't live");
        must(state.is_good(tip), "the tip isn't good");
        must(!state.trial && !state.failed, "the tip is still judged");
        if (tip_is_new) {
            const auto& built = disk.app(app.name()).built;
            const auto extra =
                core::releases_to_remove(state, std::vector<CommitId>(built.begin(), built.end()),
                                         app.engine().settings().keep_releases);
            must(extra.size() <= 2, "releases were kept for nothing");
        }
    }
    must(!state.trial || !state.trial->deployment, "a deployment is still in its probation");
    if (state.live && remote.fate(*state.live) == Fate::good) {
        must(app.serves_users(), "users aren't served, though the live release is good");
    }
    for (const auto& [id, row] : disk.content().deployments) {
        if (row.app != app.name().str()) continue;
        must(row.outcome.has_value(), "deployment " + std::to_string(id) + " has no outcome");
    }
    std::set<std::string> tried;
    for (const auto& [id, row] : disk.content().deployments) {
        if (row.app == app.name().str()) tried.insert(row.request.delivery);
    }
    for (const auto& [id, delivery] : disk.app(app.name()).deliveries) {
        must(delivery.decision != "deploy" || tried.contains(id),
             "delivery " + id + " was accepted, but nothing came of it");
        must(delivery.decision == "deploy" || !delivery.reason.empty(),
             "delivery " + id + " was ignored without a reason");
    }
}

}  // namespace lastgood::sim
