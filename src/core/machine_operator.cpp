// What operators ask for. Each answers at once: accepted, or refused with the reason.
#include <algorithm>

#include "core/machine_impl.h"

namespace lastgood::core {

void Machine::on(const RollbackAsked& event) {
    const CommitId* leaving = s_.trial ? &s_.trial->commit : (s_.live ? &*s_.live : nullptr);
    if (leaving == nullptr) return refuse("nothing is live yet, so there is nothing to leave");
    std::optional<CommitId> target = event.to;
    if (!target) target = rollback_target(s_, *leaving);
    if (!target) {
        return refuse("there is no good release before commit " + leaving->short_hex() +
                      " to go back to");
    }
    if (LASTGOOD_MUTANT(rollback_to_untried, !s_.is_good(*target), false)) {
        return refuse("commit " + target->short_hex() +
                      " is no good release of this app; see lastgood history");
    }
    if (s_.is_quarantined(*target)) {
        return refuse("commit " + target->short_hex() +
                      " is in quarantine: " + s_.quarantine[*target]);
    }
    if (*target == s_.live && !s_.trial && !s_.work) {
        return accept("ignored", "commit " + target->short_hex() + " is live already");
    }
    roll_back_to(*target, event.by);
}

void Machine::roll_back_to(const CommitId& target, const std::string& by) {
    step_.urgent = true;
    const std::string reason = "rolled back by " + by;
    const CommitId leaving = s_.trial ? s_.trial->commit : *s_.live;
    // What is cancelled counts as seen: the poller must not fight the rollback.
    if (s_.work) {
        if (s_.work->request.commit) s_.seen_tip = s_.work->request.commit;
        cancel_work(Outcome::cancelled, reason);
    }
    if (s_.waiting) {
        if (s_.waiting->request.commit) s_.seen_tip = s_.waiting->request.commit;
        end(s_.waiting->id, Outcome::cancelled, reason);
        s_.waiting.reset();
    }
    if (leaving != target) {
        if (LASTGOOD_MUTANT(rollback_leaves_free, true, false)) put_in_quarantine(leaving, reason);
        if (!s_.trial || !s_.trial->deployment) {
            notice(NewsKind::rolled_back, leaving, reason);
        }
        effect(RunHook{HookKind::on_rollback, leaving});
        // What is left isn't restarted any more.
        if (s_.live == leaving && s_.slot(s_.active).state == RunState::backoff) {
            stop_run(s_.active);
        }
    }
    if (s_.trial) {
        trial_runs(false);
        end(s_.trial->deployment, Outcome::rolled_back, reason);
        s_.trial.reset();
    }
    const bool was_stopped = s_.stopped;
    s_.stopped = false;
    Request request;
    request.trigger = Trigger::rollback;
    request.commit = target;
    request.by = by;
    Deployment deployment = queue(std::move(request));
    accept("deploy", {}, deployment.id);
    for (const Slot slot : {s_.active, other(s_.active)}) {
        if (was_stopped || s_.slot(slot).commit != target || !s_.serves(slot)) continue;
        if (slot != s_.active) back_to_warm(slot);
        watch_live();
        s_.failed = false;
        stop_run(other(slot));
        end(deployment.id, Outcome::good, "it was still running");
        effect(Prune{});
        return;
    }
    s_.work = std::move(deployment);
    begin_starting();
}

void Machine::on(const PauseAsked&) {
    accept({}, s_.paused ? "it was paused already" : "");
    s_.paused = true;
}

void Machine::on(const ResumeAsked&) {
    accept({}, s_.paused ? "" : "it was not paused");
    s_.paused = false;
    effect(PollNow{});
}

void Machine::on(const StartAsked&) {
    if (!s_.live && !s_.stopped) return refuse("nothing was deployed yet; use lastgood deploy");
    accept({}, {});
    step_.urgent = true;
    if (s_.stopped) effect(PollNow{});
    if (s_.stopped) {
        if (!s_.live) step_.answer.reason = "nothing was deployed yet; the branch is looked at";
        return run_again();
    }
    if (live_has_stopped()) return accept({}, "another release is being started");
    SlotState& slot = s_.slot(s_.active);
    slot.failures = 0;
    switch (slot.state) {
        case RunState::starting:
        case RunState::running:
            step_.answer.reason = "it runs already";
            return;
        case RunState::stopping:
            slot.restart = true;
            return;
        case RunState::backoff:
            stop_run(s_.active);
            break;
        case RunState::empty:
            break;
    }
    serve_live();
}

// After a stop, which left no work: what is still stopping is started when it has gone.
void Machine::run_again() {
    s_.stopped = false;
    if (!s_.live) return;
    SlotState& slot = s_.slot(s_.active);
    slot.failures = 0;
    if (slot.state == RunState::stopping) {
        slot.restart = true;
    } else if (!serve_live()) {
        return;
    }
    SlotState& standby = s_.slot(other(s_.active));
    if (standby.state == RunState::empty) return start_beside_live();
    standby.restart = settings_.two_slots && s_.trial && s_.trial->commit == standby.commit;
}

void Machine::on(const StopAsked&) {
    accept({}, s_.stopped ? "it was stopped already" : "");
    s_.stopped = true;
    step_.urgent = true;
    if (LASTGOOD_MUTANT(stop_goes_on, s_.work.has_value(), false)) {
        forget_seen(*s_.work);
        cancel_work(Outcome::cancelled, "the app was stopped by the operator");
    }
    if (s_.waiting) {
        forget_seen(*s_.waiting);
        end(s_.waiting->id, Outcome::cancelled, "the app was stopped by the operator");
        s_.waiting.reset();
    }
    trial_runs(false);
    for (const Slot slot : kSlots) {
        s_.slot(slot).restart = false;
        stop_run(slot);
    }
}

void Machine::on(const RestartAsked&) {
    SlotState& slot = s_.slot(s_.active);
    if (s_.stopped || !s_.live || slot.state == RunState::empty ||
        slot.state == RunState::backoff) {
        return on(StartAsked{});
    }
    if (live_has_stopped()) return accept({}, "another release is being started");
    accept({}, {});
    step_.urgent = true;
    if (start_beside()) return;
    const Slot restarted = s_.active;
    if (s_.trial && s_.trial->slot == s_.active) {
        trial_runs(false);
        // The release that is still warm serves meanwhile.
        const Slot warm = other(s_.active);
        if (s_.serves(warm)) back_to_warm(warm);
    }
    restart_in_place(restarted);
}

void Machine::on(const WithdrawAsked& event) {
    const auto forget = [this](const Deployment& deployment) {
        const auto& commit = deployment.request.commit;  // the fleet always names it
        if (LASTGOOD_MUTANT(fleet_withdrawn_polled, true, false)) s_.seen_tip = commit;
    };
    const bool waits = s_.waiting && s_.waiting->id == event.deployment;
    if (LASTGOOD_MUTANT(fleet_withdrawn_waits, waits, false)) {
        forget(*s_.waiting);
        end(s_.waiting->id, Outcome::cancelled, event.reason);
        s_.waiting.reset();
        return accept({}, {});
    }
    const bool its =
        s_.work && LASTGOOD_MUTANT(fleet_withdraws_others, s_.work->id == event.deployment, true);
    const bool begun = its && s_.work->phase == Phase::starting;
    if (!its || LASTGOOD_MUTANT(fleet_withdraws_begun, begun, false)) {
        return refuse(its ? "it is being started already" : "it is not under way");
    }
    forget(*s_.work);
    cancel_work(Outcome::cancelled, event.reason);
    next_work();
    accept({}, {});
}

void Machine::on(const QuarantineReleaseAsked& event) {
    if (!s_.is_quarantined(event.commit)) {
        return refuse("commit " + event.commit.short_hex() + " is not in quarantine");
    }
    free_of_quarantine(event.commit);
    accept({}, {});
    // It was live for want of a better one; now there is something good.
    if (s_.failed && !s_.trial && s_.live == event.commit && s_.is_good(event.commit)) {
        s_.failed = false;
        if (s_.serves(s_.active)) watch_live();
    }
    // There may be a way back again from what can't be kept running.
    if (s_.stopped || !s_.live || s_.slot(s_.active).state != RunState::backoff) return;
    if (leave_kept("it could not be kept running")) return;
    if (s_.is_quarantined(*s_.live) && rollback_target(s_, *s_.live) && !live_is_left()) {
        stop_run(s_.active);
        serve_live();
    }
}

void Machine::on(const ReleaseRemoved& event) {
    std::erase(s_.good, event.commit);
}

}  // namespace lastgood::core
