// What is recorded, and what is done about it.
#include <algorithm>

#include "lastgood/base/limits.h"
#include "sim/app_world.h"
#include "sim/witness.h"

namespace lastgood::sim {
namespace {

using core::HookKind;
using core::Outcome;
using core::Phase;
using core::Trigger;

template <typename T, typename Fits>
bool holds(const Disk::Records& records, const Fits& fits) {
    return std::any_of(records.begin(), records.end(), [&fits](const core::Record& record) {
        const auto* found = std::get_if<T>(&record);
        return found != nullptr && fits(*found);
    });
}

bool quarantines(const Disk::Records& records, const CommitId& commit) {
    return holds<core::Quarantined>(records, [&](const auto& bad) { return bad.commit == commit; });
}

}  // namespace

void Witness::stored(const Disk::Records& records) {
    word_at_risk_ = false;
    crashes_stored_ = crashes_;
    served_stored_ = served_;
    for (const auto& record : records) {
        if (const auto* ended = std::get_if<core::DeploymentEnded>(&record)) {
            check_ended(*ended, records);
        } else if (const auto* queued = std::get_if<core::DeploymentQueued>(&record)) {
            check_way_back(*queued, records);
        } else if (const auto* good = std::get_if<core::BecameGood>(&record)) {
            check_became_good(good->commit);
        } else if (const auto* noticed = std::get_if<core::Noticed>(&record)) {
            check_noticed(*noticed);
        } else if (const auto* moved = std::get_if<core::DeploymentMoved>(&record)) {
            if (moved->phase == Phase::building) starts_[moved->id.value] = 0;
            if (moved->phase == Phase::starting) {
                // The last one is the one that gives up.
                must(++starts_[moved->id.value] <= limits::kStartAttemptsMax + 1,
                     "a release is started again and again though the daemon ends each time");
            }
            if (moved->phase == Phase::probation) {
                hook_due(HookKind::after_switch, *moved->commit);
            }
        }
    }
    ended_well_.clear();
    check_open_deployments();
}

// Whoever is told that something is wrong hears of its end, and then only of the next one.
void Witness::check_noticed(const core::Noticed& noticed) {
    using core::NewsKind;
    const bool of_processes = noticed.commit.has_value();
    if (noticed.kind == NewsKind::crashed) {
        must(!std::exchange(told_down_, true), "a crash loop is told twice");
    } else if (noticed.kind == NewsKind::fetch_failing) {
        must(!std::exchange(told_away_, true), "a repository that is away is told twice");
    } else if (noticed.kind == NewsKind::recovered) {
        must(std::exchange(of_processes ? told_down_ : told_away_, false),
             "a recovery is told of nothing");
    }
}

void Witness::check_ended(const core::DeploymentEnded& ended, const Disk::Records& all) {
    const Disk::Deployment& row = disk_.deployment(ended.id);
    starts_.erase(ended.id.value);
    const CommitId* commit = row.commit ? &*row.commit : nullptr;
    // What was held for want of space may tell of later things, too.
    const bool merged = event_ == nullptr || !was_healthy_;
    if (ended.outcome == Outcome::rolled_back) {
        const bool kept = holds<core::DeploymentQueued>(all, [&](const auto& queued) {
            return queued.request.trigger == Trigger::rollback && queued.request.commit == *commit;
        });
        must(kept || merged || is_bad(*commit), "what was rolled back isn't in quarantine");
        if (!kept) hook_due(HookKind::on_rollback, *commit);
        must(row.phase == Phase::probation, "only what users had is rolled back");
    }
    if (ended.outcome != Outcome::failed) return;
    const bool better = commit != nullptr && newest_good(*commit).has_value();
    switch (row.phase) {
        case Phase::queued:
        case Phase::fetching:
            return;
        case Phase::building:
            must(merged || !quarantines(all, *commit), "a failed build may be tried again");
            break;
        case Phase::starting:
            must(merged || !better || is_bad(*commit),
                 "a release that didn't start isn't in quarantine");
            break;
        case Phase::probation:
            must(merged || !better || lists_differ_, "there was a good release to go back to");
            break;
    }
    hook_due(HookKind::on_failure, *commit);
}

void Witness::check_way_back(const core::DeploymentQueued& queued, const Disk::Records& all) const {
    if (queued.request.trigger != Trigger::crash_loop) return;
    const CommitId& target = *queued.request.commit;
    must(is_good(target), "the way back leads to a release that was never good");
    // What was held for want of space may tell of later things, too.
    if (quarantines(all, target)) return;
    bool was_warm = false;
    for (const auto& slot : before_.slots) was_warm = was_warm || slot.commit == target;
    // One that runs is better than none.
    must(!is_bad(target) || (was_warm && !newest_good({})),
         "the way back leads to a commit in quarantine");
    must(was_warm || lists_differ_ || target == newest_good({}),
         "the way back leads past the newest good release");
}

void Witness::check_open_deployments() const {
    int waiting = 0;
    int moving = 0;
    int judged = 0;
    for (const std::int64_t id : disk_.app(app_).open) {
        const Phase phase = disk_.deployment(DeploymentId{id}).phase;
        if (phase == Phase::queued) ++waiting;
        if (phase == Phase::probation) ++judged;
        if (phase != Phase::queued && phase != Phase::probation) ++moving;
    }
    must(moving <= 1, "two deployments of one app are under way");
    must(waiting <= 1, "two requests wait");
    must(judged <= 1, "two releases are on trial");
}

void Witness::check_became_good(const CommitId& commit) const {
    const auto ended = ended_well_.find(commit);
    must(served_commit_ == commit || ended != ended_well_.end(),
         "a release became good that users didn't have");
    must((ended != ended_well_.end() ? ended->second : served_) >= settings_.probation,
         "a probation ended early");
    const Fate fate = remote_.fate(commit);
    must(fate != Fate::never_ready && fate != Fate::ends_before_ready,
         "a release became good that is never ready");
}

void Witness::performed(const core::Effect& effect, const AppWorld& world) {
    if (const auto* fetch = std::get_if<core::DoFetch>(&effect)) check_fetch(*fetch);
    if (const auto* start = std::get_if<core::DoStart>(&effect)) check_start(*start);
    if (const auto* timer = std::get_if<core::SetTimer>(&effect)) check_timer(*timer);
    if (const auto* hook = std::get_if<core::RunHook>(&effect)) check_hook(*hook, world);
    if (const auto* moved = std::get_if<core::DoSwitch>(&effect)) switched_to_ = moved->commit;
    if (std::holds_alternative<core::CancelWork>(effect)) fetched_ = {};
    if (!world.healthy()) return;
    // A daemon that dies now must find them again.
    const auto* fetch = std::get_if<core::DoFetch>(&effect);
    const auto* build = std::get_if<core::DoBuild>(&effect);
    if (fetch == nullptr && build == nullptr) return;
    const DeploymentId id = fetch != nullptr ? fetch->deployment : build->deployment;
    const auto& all = disk_.deployments();
    const auto row = all.find(id.value);
    must(row != all.end(), "a deployment is carried out before it is stored");
    const bool held = event_ == nullptr || !was_healthy_;  // and maybe cancelled meanwhile
    must(held || row->second.outcome ||
             row->second.phase == (fetch ? Phase::fetching : Phase::building),
         "a deployment is carried out before its step is stored");
    must(build == nullptr || row->second.outcome || !is_bad(build->commit),
         "a commit in quarantine is built");
}

void Witness::check_fetch(const core::DoFetch& fetch) {
    if (fetched_ != fetch.deployment) {
        fetched_ = fetch.deployment;
        fetch_failures_ = 0;
        absences_ = 0;
        absent_since_.reset();
        return;
    }
    must(fetch_failures_ == 0 || ground_.clock.now() >= fetch_not_before_,
         "a fetch that failed is tried again too soon");
}

void Witness::hear_fetch_failed(const core::FetchFailed& event) {
    if (fetched_ != event.deployment) return;
    Millis wait(1'000);
    for (int i = 0; i < fetch_failures_ && wait < Millis(300'000); ++i) wait *= 2;
    ++fetch_failures_;
    fetch_not_before_ = ground_.clock.now() + std::min(wait, Millis(300'000)) * 9 / 10;
}

void Witness::check_tried_again(const core::FetchFailed& event, const core::AppState& after) const {
    if (!before_.work || before_.work->id != event.deployment || event.permanent) return;
    if (before_.work->request.trigger == Trigger::cli) return;
    must(after.work && after.work->id == event.deployment,
         "a fetch that failed is not tried again");
}

void Witness::check_timer(const core::SetTimer& timer) const {
    switch (timer.kind) {
        case core::TimerKind::fetch_retry:
            must(timer.delay <= limits::kFetchRetryMax * 11 / 10, "a fetch is put off too long");
            break;
        case core::TimerKind::restart_blue:
        case core::TimerKind::restart_green:
            must(timer.delay <= settings_.restart.longest * 11 / 10,
                 "a restart is put off too long");
            break;
        case core::TimerKind::probation:
            must(timer.delay <= settings_.probation, "a probation is longer than configured");
            break;
        case core::TimerKind::settled:
            must(timer.delay <= settings_.crash_loop.within, "a recovery is told too late");
            break;
    }
}

void Witness::hook_due(HookKind kind, const CommitId& commit) {
    const auto ran = hooks_ran_.find({kind, commit});
    if (ran == hooks_ran_.end()) {
        hooks_due_.emplace(kind, commit);
    } else {
        hooks_ran_.erase(ran);
    }
}

void Witness::check_hook(const core::RunHook& hook, const AppWorld& world) {
    const auto due = hooks_due_.find({hook.kind, hook.commit});
    if (due != hooks_due_.end()) {
        hooks_due_.erase(due);
    } else if (!world.healthy()) {
        hooks_ran_.emplace(hook.kind, hook.commit);
    }
    switch (hook.kind) {
        case HookKind::after_switch:
            must(switched_to_ == hook.commit, "after_switch runs before the switch");
            break;
        case HookKind::on_rollback:
            must(!world.healthy() || is_bad(hook.commit),
                 "on_rollback runs for a commit that isn't in quarantine");
            break;
        case HookKind::on_failure:
            break;
    }
}

// What runs, what is wanted, and the newest good ones stay.
void Witness::check_removed(const CommitId& commit, const AppWorld& world) const {
    if (lists_differ_) return;
    must(before_.live != commit, "the live release is removed");
    must(!before_.trial || before_.trial->commit != commit, "the release on trial is removed");
    must(!before_.work || before_.work->commit != commit, "a release is removed that is deployed");
    for (const Slot slot : kSlots) {
        const auto& process = world.process(slot);
        must(!process || process->commit != commit, "a release is removed that runs");
    }
    int newer = 0;
    for (const auto& good : disk_.app(app_).good) {
        if (good == commit) {
            must(is_bad(commit) || newer >= std::max(settings_.keep_releases, 2),
                 "a good release is removed that is to be kept");
            return;
        }
        if (!is_bad(good)) ++newer;
    }
}

}  // namespace lastgood::sim
