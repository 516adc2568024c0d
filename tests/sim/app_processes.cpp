// The app's processes: each lives as its commit's fate says.
#include "lastgood/base/limits.h"
#include "sim/app_world.h"

namespace lastgood::sim {

AppWorld::Process* AppWorld::same(Slot slot, std::uint64_t serial) {
    auto& process = processes_[index(slot)];
    return process && process->serial == serial ? &*process : nullptr;
}

void AppWorld::perform(const core::DoStart& effect) {
    noted(effect);
    const std::string what = name_.str() + ": " + remote_.name(effect.commit);
    auto& process = processes_[index(effect.slot)];
    Ground::must(!process, what + " is started in a slot where a process is");
    const auto& built = disk_.app(name_).built;
    Ground::must(built.contains(effect.commit), what + " is started, but it is no whole release");
    const bool better = core::rollback_target(state(), std::nullopt).has_value();
    Ground::must(!was_healthy_ || !state().is_quarantined(effect.commit) || !better,
                 what + " is started though it is in quarantine and there is a good release");
    process = Process{effect.run, effect.commit, ++made_, false, false, false, false};
    live_by_fate(effect.slot, process->serial, remote_.fate(effect.commit));
}

void AppWorld::live_by_fate(Slot slot, std::uint64_t serial, Fate fate) {
    const Millis ready = ground_.between(5, 5'000);
    switch (fate) {
        case Fate::build_fails:  // built once by luck
        case Fate::good:
        case Fate::stops_answering:
            return become_ready_after(ready, slot, serial);
        case Fate::never_ready:
            return later(limits::kReadyWithinDefault, [this, slot, serial] {
                const Process* process = same(slot, serial);
                if (process == nullptr || process->ended || process->stopping) return;
                handle(core::RunNotReady{slot, process->run, "it was not ready within 30s"});
            });
        case Fate::ends_before_ready:
            return end_after(ground_.between(1, 3'000), slot, serial, "exited with status 1");
        case Fate::crashes_at_once:
            become_ready_after(ready, slot, serial);
            return end_after(ready + ground_.between(0, 1'000), slot, serial, "killed by SIGSEGV");
        case Fate::crashes_slowly:
            become_ready_after(ready, slot, serial);
            return end_after(ready + ground_.between(8'000, 40'000), slot, serial,
                             "killed by SIGABRT");
        case Fate::crashes_after_good:
            become_ready_after(ready, slot, serial);
            return end_after(ready + ground_.between(61'000, 400'000), slot, serial,
                             "killed by SIGKILL");
    }
}

void AppWorld::become_ready_after(Millis delay, Slot slot, std::uint64_t serial) {
    later(delay, [this, slot, serial] {
        Process* process = same(slot, serial);
        if (process == nullptr || process->ended || process->stopping) return;
        process->ready = true;
        const RunId run = process->run;
        if (process->watched) probe(slot, serial, 0);
        handle(core::RunReady{slot, run});
    });
}

void AppWorld::end_after(Millis delay, Slot slot, std::uint64_t serial, const std::string& status) {
    later(delay, [this, slot, serial, status] { end_process(slot, serial, status, false); });
}

void AppWorld::end_process(Slot slot, std::uint64_t serial, const std::string& status, bool asked) {
    Process* process = same(slot, serial);
    if (process == nullptr || process->ended) return;
    process->ended = true;
    ground_.note(name_.str() + " . run " + std::to_string(process->run.value) + " " + status);
    later(ground_.between(0, 2), [this, slot, serial, status, asked] {
        Process* gone = same(slot, serial);
        if (gone == nullptr) return;
        const RunId run = gone->run;
        processes_[index(slot)].reset();
        handle(core::RunExited{slot, run, status, "", asked});
    });
}

void AppWorld::perform(const core::DoStop& effect) {
    noted(effect);
    auto& process = processes_[index(effect.slot)];
    if (!process || process->ended) {  // the news of its end comes first
        const RunId run = state().slot(effect.slot).run;
        return later(Millis(process ? 3 : 0), [this, slot = effect.slot, run] {
            handle(core::RunExited{slot, run, "did not run", "", true});
        });
    }
    if (process->stopping) return;
    process->stopping = true;
    ground_.kinds.insert("restart");
    const Millis delay =
        ground_.random.chance(90) ? ground_.between(1, 500) : limits::kStopTimeoutDefault;
    later(delay, [this, slot = effect.slot, serial = process->serial] {
        end_process(slot, serial, "killed by SIGTERM", true);
    });
}

void AppWorld::perform(const core::DoSwitch& effect) {
    noted(effect);
    const auto ready = [this](Slot slot) {
        const auto& process = processes_[index(slot)];
        return process && process->ready && !process->ended && !process->stopping;
    };
    // Where nothing better runs, users may as well wait at the one that is being started.
    Ground::must(ready(effect.slot) || !ready(other(effect.slot)),
                 name_.str() + ": users are sent from a ready run to one that isn't");
    Ground::must(disk_.app(name_).built.contains(effect.commit),
                 name_.str() + ": the link would name a release that isn't whole");
    users_ = effect.slot;
    disk_.app(name_).current = effect.commit;
}

void AppWorld::perform(const core::WatchHealth& effect) {
    noted(effect);
    auto& process = processes_[index(effect.slot)];
    if (!process || process->watched == effect.on) return;
    process->watched = effect.on;
    if (effect.on && process->ready) probe(effect.slot, process->serial, 0);
}

void AppWorld::probe(Slot slot, std::uint64_t serial, int failed) {
    const Process* process = same(slot, serial);
    const bool sick = process != nullptr && remote_.fate(process->commit) == Fate::stops_answering;
    if (!sick) return;
    const Millis delay = failed == 0 ? ground_.between(1'000, 70'000) : limits::kProbeEvery;
    later(delay, [this, slot, serial, failed] {
        const Process* probed = same(slot, serial);
        if (probed == nullptr || probed->ended || probed->stopping || !probed->watched) return;
        handle(core::ProbeFailed{slot, probed->run, failed + 1, "status 500"});
        probe(slot, serial, failed + 1);
    });
}

void AppWorld::crash_something() {
    const Slot first = ground_.random.chance(50) ? Slot::blue : Slot::green;
    for (const Slot slot : {first, other(first)}) {
        const auto& process = processes_[index(slot)];
        if (!process || process->ended) continue;
        return end_process(slot, process->serial, "killed by SIGKILL", process->stopping);
    }
}

}  // namespace lastgood::sim
