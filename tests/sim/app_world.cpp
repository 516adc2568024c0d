// Fetches, builds, timers, the poller and pruning. Processes are in app_processes.cpp.
#include "sim/app_world.h"

#include "lastgood/base/limits.h"
#include "lastgood/core/backoff.h"
#include "lastgood/core/retention_policy.h"
#include "sim/describe.h"
#include "sim/rules.h"

namespace lastgood::sim {

AppWorld::AppWorld(Ground& ground, Remote& remote, Disk& disk, AppName name,
                   core::Settings settings)
    : ground_(ground),
      remote_(remote),
      disk_(disk),
      name_(name),
      engine_(name, std::move(settings), disk.load(name), disk, *this) {}

void AppWorld::begin() {
    handle(core::DaemonStarted{});
    poll_now();
}

core::Answer AppWorld::handle(const core::Event& event) {
    ground_.note(name_.str() + " > " + describe(event, remote_));
    was_healthy_ = engine_.healthy();
    const core::Answer answer = engine_.handle(event);
    if (!answer.accepted || !answer.reason.empty()) {
        ground_.note(name_.str() + "     " + (answer.accepted ? "accepted: " : "refused: ") +
                     answer.reason);
    }
    ground_.note(name_.str() + "     " + describe(state(), remote_));
    if (!engine_.healthy()) ground_.note(name_.str() + "     (not stored)");
    check_rules(*this, remote_, disk_);
    return answer;
}

void AppWorld::retry() {
    if (engine_.healthy()) return;
    was_healthy_ = false;
    engine_.retry();
    check_rules(*this, remote_, disk_);
}

void AppWorld::later(Millis delay, Clock::Task task) {
    ground_.clock.after(delay, [alive = std::weak_ptr(alive_), task = std::move(task)] {
        if (alive.lock()) task();
    });
}

void AppWorld::noted(const core::Effect& effect) {
    ground_.kill_point("before an effect");
    ground_.note(name_.str() + "   < " + describe(effect, remote_));
}

void AppWorld::drop_work() {
    fetching_.reset();
    building_.reset();
    ++work_serial_;
}

void AppWorld::perform(const core::DoFetch& effect) {
    noted(effect);
    drop_work();
    fetching_ = effect.deployment;
    const auto done = [this, effect, serial = work_serial_](bool failed) {
        if (serial != work_serial_) return;
        fetching_.reset();
        if (failed) {
            ground_.kinds.insert("fetch failed");
            const bool permanent = ground_.fault(5);
            handle(core::FetchFailed{effect.deployment, "the remote is away", permanent});
        } else {
            handle(core::Fetched{effect.deployment, remote_.facts(effect.candidates, effect.live)});
        }
    };
    const bool hangs = ground_.fault(3);
    later(hangs ? limits::kFetchTimeDefault : ground_.between(20, 3000),
          [this, done, hangs] { done(hangs || ground_.faults.git_fails || ground_.fault(8)); });
}

void AppWorld::perform(const core::DoBuild& effect) {
    noted(effect);
    drop_work();
    building_ = effect.deployment;
    const bool whole = disk_.app(name_).built.contains(effect.commit);
    const Millis delay = whole ? ground_.between(1, 5) : ground_.between(500, 60'000);
    later(delay, [this, effect, whole, serial = work_serial_] {
        if (serial != work_serial_) return;
        building_.reset();
        if (!whole && remote_.fate(effect.commit) == Fate::build_fails) {
            handle(core::BuildFailed{effect.deployment, "the build exited with status 1"});
        } else if (!disk_.takes_writes() || ground_.fault(3)) {
            ground_.kinds.insert("unlucky build");
            ground_.unlucky.insert(name_.str() + effect.commit.hex());
            handle(core::BuildFailed{effect.deployment, "the build had bad luck"});
        } else {
            disk_.app(name_).built.insert(effect.commit);
            handle(core::Built{effect.deployment});
        }
    });
}

void AppWorld::perform(const core::CancelWork& effect) {
    noted(effect);
    drop_work();
}

void AppWorld::perform(const core::SetTimer& effect) {
    noted(effect);
    Ground::must(effect.delay > Millis(0), "a timer without a delay");
    const std::uint64_t serial = ++made_;
    timers_[effect.kind] = serial;
    later(effect.delay, [this, kind = effect.kind, serial] {
        const auto found = timers_.find(kind);
        if (found == timers_.end() || found->second != serial) return;
        timers_.erase(found);
        handle(core::TimerFired{kind});
    });
}

void AppWorld::perform(const core::ClearTimer& effect) {
    noted(effect);
    timers_.erase(effect.kind);
}

void AppWorld::perform(const core::RunHook& effect) {
    noted(effect);
}
void AppWorld::perform(const core::Tell& effect) {
    Ground::must(!effect.text.empty(), "nothing was told");
    noted(effect);
}
void AppWorld::recorded(const std::vector<core::Record>&) {}

void AppWorld::perform(const core::PollNow& effect) {
    noted(effect);
    poll_now();
}

void AppWorld::poll_now() {
    if (polling_) return;
    polling_ = true;
    ++poll_serial_;
    later(ground_.between(20, 2000), [this] { polled(); });
}

void AppWorld::polled() {
    polling_ = false;
    schedule_poll();
    if (ground_.faults.git_fails || ground_.faults.branch_gone || ground_.fault(10)) {
        ++poll_failures_;
        return;
    }
    poll_failures_ = 0;
    const auto noted = ground_.noted();
    const core::AppState before = state();
    handle(core::PollSaw{remote_.tip_shown()});
    if (before == state()) ground_.unnote(noted);
}

void AppWorld::schedule_poll() {
    const Millis delay =
        core::poll_delay(limits::kPollDefault, poll_failures_, ground_.random.next());
    later(delay, [this, serial = poll_serial_] {
        if (serial == poll_serial_) poll_now();
    });
}

void AppWorld::perform(const core::Prune& effect) {
    noted(effect);
    if (pruning_) return;
    pruning_ = true;
    later(Millis(5'000), [this] { prune(); });
}

void AppWorld::prune() {
    if (state().work) return later(Millis(5'000), [this] { prune(); });
    pruning_ = false;
    auto& built = disk_.app(name_).built;
    const std::vector<CommitId> kept(built.begin(), built.end());
    for (const auto& commit :
         core::releases_to_remove(state(), kept, engine_.settings().keep_releases)) {
        handle(core::ReleaseRemoved{commit});
        ground_.kill_point("before a release is forgotten");
        if (!disk_.takes_writes()) return;
        built.erase(commit);
        std::erase(disk_.app(name_).good, commit);
    }
}

}  // namespace lastgood::sim
