// Fetches, builds, timers, the poller and pruning. Processes are in app_processes.cpp.
#include "sim/app_world.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/core/backoff.h"
#include "lastgood/core/retention_policy.h"
#include "sim/describe.h"
#include "sim/rules.h"

namespace lastgood::sim {

AppWorld::AppWorld(Ground& ground, Disk& disk, Host& host)
    : ground_(ground),
      disk_(disk),
      host_(host),
      remote_(host.remote),
      name_(host.name),
      engine_(host.name, host.settings, disk.load(host.name), disk, *this) {}

void AppWorld::begin() {
    for (const auto& process : host_.processes) {
        if (process) made_ = std::max(made_, process->serial);
    }
    host_.witness.daemon_started(settings(), state());
    const core::DaemonStarted started = take_over();
    beginning_ = true;
    handle(started);
    beginning_ = false;
    poll_now();
    if (source_ != nullptr) later(Millis(0), [this] { look_for_promotion(); });
}

core::Answer AppWorld::handle(const core::Event& event) {
    ++ground_.counts.steps;
    if (ground_.tracing()) ground_.note(name_.str() + " > " + describe(event, remote_));
    was_healthy_ = healthy();
    host_.witness.begin(event, *this);
    const auto* exited = std::get_if<core::RunExited>(&event);
    const bool known = exited != nullptr && state().slot(exited->slot).run == exited->run &&
                       state().slot(exited->slot).commit;
    const core::Answer answer = engine_.handle(event);
    if (ground_.tracing()) {
        if (!answer.accepted || !answer.reason.empty()) {
            ground_.note(name_.str() + "     " + (answer.accepted ? "accepted: " : "refused: ") +
                         answer.reason);
        }
        ground_.note(name_.str() + "     " + describe(state(), remote_));
        if (!healthy()) ground_.note(name_.str() + "     (not stored)");
    }
    host_.witness.end(answer, *this, false);
    check_rules(*this, disk_);
    // Restarts don't wait for a disk that is full.
    if (known) check_runs(*this);
    return answer;
}

core::Answer AppWorld::handle_in_batch(const core::Event& event) {
    ++ground_.counts.steps;
    if (ground_.tracing()) ground_.note(name_.str() + " + " + describe(event, remote_));
    host_.witness.begin(event, *this);
    const core::Answer answer = engine_.handle(event);
    if (!answer.accepted) ground_.note(name_.str() + "     refused: " + answer.reason);
    host_.witness.end(answer, *this, true);
    return answer;
}

void AppWorld::checked() {
    if (healthy()) host_.witness.caught_up();
    check_rules(*this, disk_);
}

void AppWorld::retry() {
    if (healthy()) return;
    was_healthy_ = false;
    engine_.retry();
    checked();
}

void AppWorld::later(Millis delay, Clock::Task task) {
    ground_.clock.after(delay, [alive = std::weak_ptr(alive_), task = std::move(task)] {
        if (alive.lock()) task();
    });
}

void AppWorld::noted(const core::Effect& effect) {
    ground_.kill_point(Kind::killed_at_effect);
    if (ground_.tracing()) ground_.note(name_.str() + "   < " + describe(effect, remote_));
    host_.witness.performed(effect, *this);
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
    const bool hangs = ground_.fault(3);
    if (hangs) ground_.counts.add(Kind::fetch_hung);
    later(hangs ? limits::kFetchTimeDefault : ground_.between(20, 3000),
          [this, effect, hangs, serial = work_serial_] {
              if (serial == work_serial_) fetch_ended(effect, hangs);
          });
}

void AppWorld::fetch_ended(const core::DoFetch& effect, bool hung) {
    fetching_.reset();
    if (hung || ground_.faults.git_fails || ground_.fault(8)) {
        ground_.counts.add(Kind::fetch_failed);
        const bool permanent = ground_.fault(5);
        handle(core::FetchFailed{effect.deployment, "the remote is away", permanent});
        return;
    }
    auto facts = remote_.facts(effect.candidates, effect.live);
    if (!facts.tip) ground_.counts.add(Kind::branch_gone);
    if (facts.tip && !facts.standings.front().present) {
        ground_.counts.add(Kind::commit_not_there_yet);
    }
    handle(core::Fetched{effect.deployment, std::move(facts)});
}

void AppWorld::perform(const core::DoBuild& effect) {
    noted(effect);
    drop_work();
    building_ = effect.deployment;
    const bool whole = disk_.app(name_).built.contains(effect.commit);
    const bool hangs =
        !whole && (remote_.fate(effect.commit) == Fate::build_hangs || ground_.fault(1));
    Millis delay = whole ? ground_.between(1, 5) : ground_.between(500, 60'000);
    if (hangs) delay = limits::kBuildTimeDefault;
    later(delay, [this, effect, hangs, serial = work_serial_] {
        if (serial == work_serial_) build_ended(effect, hangs);
    });
}

void AppWorld::build_ended(const core::DoBuild& effect, bool hung) {
    building_.reset();
    auto& built = disk_.app(name_).built;
    const Fate fate = remote_.fate(effect.commit);
    const bool whole = built.contains(effect.commit);
    const bool bad = fate == Fate::build_fails || fate == Fate::build_hangs;
    const bool unlucky = !bad && (hung || !disk_.takes_writes() || ground_.fault(3));
    if (unlucky) {
        ground_.counts.add(Kind::unlucky_build);
        ground_.unlucky.insert(name_.str() + effect.commit.hex());
    }
    if (hung) {
        ground_.counts.add(Kind::build_hung);
        handle(core::BuildFailed{effect.deployment, "the build took longer than 15m"});
    } else if ((bad && !whole) || unlucky) {
        ground_.counts.add(Kind::build_failed);
        handle(core::BuildFailed{effect.deployment, "the build exited with status 1"});
    } else {
        built.insert(effect.commit);
        handle(core::Built{effect.deployment});
    }
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
void AppWorld::recorded(const std::vector<core::Record>&) {
    for (AppWorld* app : promoted_here_) {
        app->later(Millis(0), [app] { app->look_for_promotion(); });
    }
}

void AppWorld::promote_from(AppWorld& source) {
    source_ = &source;
    source.promoted_here_.push_back(this);
}

const core::Standing* AppWorld::promoted_from() {
    if (source_ == nullptr) return nullptr;
    const auto& rows = disk_.app(source_->name()).became_good;
    std::vector<core::Standing::Good> good;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
        good.push_back({row->first, now() - (ground_.clock.now() - row->second)});
    }
    standing_ = core::standing_of(source_->state(), std::move(good));
    return &standing_;
}

void AppWorld::look_for_promotion() {
    const core::Standing& standing = *promoted_from();
    const core::Promotion& promotion = *settings().promotion;
    const auto next = core::next_proof(promotion, standing, now());
    if (next) {
        later(*next, [this, serial = ++promotion_serial_] {
            if (serial == promotion_serial_) look_for_promotion();
        });
    }
    if (core::promotable(state(), promotion, standing, now()).empty()) return;
    ground_.counts.add(Kind::promoted);
    handle(core::PromotionDue{});
}

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
        handle(core::LookFailed{++poll_failures_, "the remote doesn't answer"});
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
    auto& app = disk_.app(name_);
    const std::vector<CommitId> kept(app.built.begin(), app.built.end());
    for (const auto& commit : core::releases_to_remove(state(), kept, settings().keep_releases)) {
        handle(core::ReleaseRemoved{commit});
        ground_.kill_point(Kind::killed_between_steps);
        if (!disk_.takes_writes()) return host_.witness.prune_failed();
        app.built.erase(commit);
        std::erase(app.good, commit);
    }
}

}  // namespace lastgood::sim
