// The app's processes: each lives as its commit's fate says, also while no daemon looks.
#include "lastgood/base/limits.h"
#include "sim/app_world.h"

namespace lastgood::sim {

AppWorld::Process* AppWorld::same(Slot slot, std::uint64_t serial) {
    auto& process = host_.processes[index(slot)];
    return process && process->serial == serial ? &*process : nullptr;
}

void AppWorld::perform(const core::DoStart& effect) {
    noted(effect);
    auto& process = host_.processes[index(effect.slot)];
    Ground::must(!process, "a release is started in a slot where a process is");
    Ground::must(disk_.app(name_).built.contains(effect.commit),
                 "what is started is no whole release");
    // What is kept restarting is left at its next crash, where there is a way back again.
    const bool kept = state().trial && !state().trial->deployment;
    // And what runs may get a fresh process.
    const bool runs = state().live == effect.commit && state().serves(state().active);
    const bool better = !kept && !runs && core::rollback_target(state(), std::nullopt);
    Ground::must(!was_healthy_ || !state().is_quarantined(effect.commit) || !better,
                 "a release in quarantine is started, and there is a good one");
    process = Process{.run = effect.run, .commit = effect.commit};
    process->serial = ++made_;
    process->started = now();
    lead(*process);
    follow(effect.slot);
}

// Says when the process will be ready and when it will end.
void AppWorld::lead(Process& process) {
    const Millis ready = ground_.between(5, 5'000);
    process.ready_at = ground_.clock.now() + ready;
    switch (remote_.fate(process.commit)) {
        case Fate::build_fails:  // built once by luck
        case Fate::build_hangs:
        case Fate::good:
        case Fate::stops_answering:
        case Fate::crashes_under_load:
        case Fate::grows:
        case Fate::count:
            return;
        case Fate::never_ready:
            process.ready_at = Instant::max();
            return;
        case Fate::ends_before_ready:
        case Fate::takes_the_machine_down:
            process.ready_at = Instant::max();
            return end_in(process, ground_.between(1, 3'000), "exited with status 1");
        case Fate::crashes_at_once:
            return end_in(process, ready + ground_.between(0, 1'000), "killed by SIGSEGV");
        case Fate::crashes_slowly:
            return end_in(process, ready + ground_.between(8'000, 40'000), "killed by SIGABRT");
        case Fate::crashes_after_good:
            // Its surroundings change: then it crashes in a loop.
            if (state().is_good(process.commit) && ground_.random.chance(60)) {
                return end_in(process, ready + ground_.between(0, 3'000), "killed by SIGBUS");
            }
            return end_in(process, ready + ground_.between(61'000, 400'000), "killed by SIGKILL");
    }
}

void AppWorld::end_in(Process& process, Millis delay, const char* status) {
    process.ends_at = ground_.clock.now() + delay;
    process.status = status;
}

// Waits for what the process will do.
void AppWorld::follow(Slot slot) {
    const Process& process = *host_.processes[index(slot)];
    const std::uint64_t serial = process.serial;
    const Instant now = ground_.clock.now();
    const Fate fate = remote_.fate(process.commit);
    if (!process.ready && process.ready_at != Instant::max()) {
        later(process.ready_at - now, [this, slot, serial] { become_ready(slot, serial); });
    }
    if (fate == Fate::never_ready && !process.ready) {
        later(limits::kReadyWithinDefault,
              [this, slot, serial] { not_ready_in_time(slot, serial); });
    }
    if (fate == Fate::grows) grow(slot, serial, ground_.between(20'000, 50'000));
    if (process.ends_at == Instant::max()) return;
    later(process.ends_at - now, [this, slot, serial, fate] {
        const Process* ending = same(slot, serial);
        if (ending == nullptr || ending->ended) return;
        if (fate == Fate::takes_the_machine_down && ground_.faults.on) throw PowerLost{};
        ground_.counts.add(fate == Fate::crashes_under_load ? Kind::crash_under_load
                           : ending->ready                  ? Kind::crash
                                                            : Kind::ended_before_ready);
        end_process(slot, serial, ending->status, ending->stopping);
    });
}

void AppWorld::become_ready(Slot slot, std::uint64_t serial) {
    Process* process = same(slot, serial);
    if (process == nullptr || process->ended || process->stopping) return;
    process->ready = true;
    const RunId run = process->run;
    if (process->watched) probe(slot, serial, 0);
    users_came();
    handle(core::RunReady{slot, run});
}

void AppWorld::not_ready_in_time(Slot slot, std::uint64_t serial) {
    const Process* process = same(slot, serial);
    if (process == nullptr || process->ended || process->stopping) return;
    ground_.counts.add(Kind::not_ready);
    handle(core::RunNotReady{slot, process->run, "it was not ready within 30s"});
}

// To a ready process: for some that is too much.
void AppWorld::users_came() {
    auto& process = host_.processes[index(users_)];
    if (!process || !process->ready || process->ends_at != Instant::max()) return;
    if (remote_.fate(process->commit) != Fate::crashes_under_load) return;
    end_in(*process, ground_.between(100, 20'000), "killed by SIGKILL (out of memory)");
    follow(users_);
}

void AppWorld::grow(Slot slot, std::uint64_t serial, Millis delay) {
    later(delay, [this, slot, serial] {
        const Process* process = same(slot, serial);
        if (process == nullptr || process->ended || process->stopping) return;
        Millis again = limits::kMemorySampleEvery;
        if (slot == users_ && process->ready) {
            ground_.counts.add(Kind::grown);
            const auto answer = handle(core::RenewWanted{core::RenewCause::memory, "it grew"});
            if (answer.accepted) again = limits::kRenewSpacing;
        }
        grow(slot, serial, again);
    });
}

void AppWorld::end_process(Slot slot, std::uint64_t serial, const char* status, bool asked) {
    Process* process = same(slot, serial);
    if (process == nullptr || process->ended) return;
    process->ended = true;
    if (!asked && ground_.faults.kill_in == 0 && ground_.fault(2)) {
        ground_.faults.kill_in = 1 + static_cast<int>(ground_.random.below(20));
        ground_.faults.with_power = true;
    }
    if (ground_.tracing()) {
        ground_.note(name_.str() + " . run " + std::to_string(process->run.value) + " " + status);
    }
    later(ground_.between(0, 2), [this, slot, serial, status, asked] {
        Process* gone = same(slot, serial);
        if (gone == nullptr) return;
        const RunId run = gone->run;
        host_.processes[index(slot)].reset();
        handle(core::RunExited{slot, run, status, "", asked});
    });
}

void AppWorld::perform(const core::DoStop& effect) {
    noted(effect);
    auto& process = host_.processes[index(effect.slot)];
    if (!process || process->ended) {  // the news of its end comes first
        const RunId run = state().slot(effect.slot).run;
        return later(Millis(process ? 3 : 0), [this, slot = effect.slot, run] {
            handle(core::RunExited{slot, run, "did not run", "", true});
        });
    }
    if (process->stopping) return;
    process->stopping = true;
    const Millis delay =
        ground_.random.chance(90) ? ground_.between(1, 500) : limits::kStopTimeoutDefault;
    later(delay, [this, slot = effect.slot, serial = process->serial] {
        end_process(slot, serial, "killed by SIGTERM", true);
    });
}

void AppWorld::perform(const core::DoSwitch& effect) {
    noted(effect);
    const auto ready = [this](Slot slot) {
        const auto& process = this->process(slot);
        return process && process->ready && !process->stopping;  // or the news is on its way
    };
    // Where nothing better runs, users may as well wait at the one that is being started. A new
    // daemon gives them the slot that they had first.
    Ground::must(beginning_ || ready(effect.slot) || !ready(other(effect.slot)),
                 "users are sent from a ready run to one that isn't");
    Ground::must(disk_.app(name_).built.contains(effect.commit),
                 "the link would name a release that isn't whole");
    users_ = effect.slot;
    disk_.app(name_).current = effect.commit;
    users_came();
}

void AppWorld::perform(const core::WatchHealth& effect) {
    noted(effect);
    auto& process = host_.processes[index(effect.slot)];
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
        ground_.counts.add(Kind::probe_failed);
        handle(core::ProbeFailed{slot, probed->run, failed + 1, "status 500"});
        probe(slot, serial, failed + 1);
    });
}

void AppWorld::crash_something() {
    const Slot first = ground_.random.chance(50) ? Slot::blue : Slot::green;
    for (const Slot slot : {first, other(first)}) {
        const auto& process = host_.processes[index(slot)];
        if (!process || process->ended) continue;
        ground_.counts.add(Kind::process_killed);
        return end_process(slot, process->serial, "killed by SIGKILL", process->stopping);
    }
}

// Of the processes that an earlier daemon left, those that go on are mostly taken over; the others
// are ended.
core::DaemonStarted AppWorld::take_over() {
    core::DaemonStarted started;
    for (const Slot slot : kSlots) {
        auto& process = host_.processes[index(slot)];
        if (!process) continue;
        const auto& known = state().slot(slot);
        const bool lives =
            !process->ended && !process->stopping && process->ends_at > ground_.clock.now();
        const bool ready_as_known = process->ready == (known.state == core::RunState::running) &&
                                    core::is_taken_over(host_.settings, state(), slot);
        const bool is_it =
            ready_as_known && known.run == process->run && known.commit == process->commit;
        if (!lives || !is_it || ground_.fault(25)) {
            process.reset();
            continue;
        }
        ground_.counts.add(Kind::taken_over);
        started.running_since[index(slot)] = process->started;
        process->watched = false;
        follow(slot);
    }
    return started;
}

}  // namespace lastgood::sim
