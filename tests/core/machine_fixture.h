// Drives the deployment machine by hand: events in, records and effects out, on a clock that only
// the test moves.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "lastgood/core/machine.h"

namespace lastgood::core {

// The commit named by one hex digit: 'a' is aaaa…
inline CommitId commit(char letter) {
    return *CommitId::parse(std::string(40, letter));
}

class MachineTest : public testing::Test {
  protected:
    MachineTest() {
        settings.two_slots = true;
        settings.probation = Millis(60'000);
        settings.crash_loop = {3, Millis(60'000)};
    }

    const Answer& give(const Event& event) {
        Step stepped = step(settings, state, event, Context{now, next_id});
        state = std::move(stepped.next);
        next_id = stepped.next_deployment_id;
        records = std::move(stepped.records);
        effects = std::move(stepped.effects);
        all_records.insert(all_records.end(), records.begin(), records.end());
        answer = stepped.answer;
        return answer;
    }

    void pass(Millis time) { now += time; }

    template <typename T>
    const T* effect() const {
        return newest<T>(effects);
    }
    template <typename T>
    const T* record() const {
        return newest<T>(records);
    }
    bool sets(TimerKind kind) const {
        return std::any_of(effects.begin(), effects.end(), [kind](const Effect& effect) {
            const auto* timer = std::get_if<SetTimer>(&effect);
            return timer != nullptr && timer->kind == kind;
        });
    }

    const Answer& request(char letter, Trigger trigger = Trigger::webhook) {
        Request request;
        request.trigger = trigger;
        request.commit = commit(letter);
        request.delivery = trigger == Trigger::webhook ? std::string("delivery-") + letter : "";
        return give(RequestArrived{request});
    }

    // The facts of a linear history a < b < c …: the tip is `tip`.
    FetchFacts linear(char tip) const {
        FetchFacts facts;
        facts.tip = commit(tip);
        std::vector<CommitId> asked;
        const Request& wanted = state.work->request;
        asked.push_back(wanted.commit.value_or(commit(tip)));
        for (const auto& older : wanted.over) asked.push_back(older.commit);
        for (const auto& one : asked) {
            CommitStanding standing{.commit = one};
            standing.present = standing.is_commit = true;
            standing.on_branch = one.hex() <= commit(tip).hex();
            standing.ancestor_of_live = state.live && one.hex() < state.live->hex();
            for (const auto& against : asked) {
                standing.ancestor_of.push_back(one.hex() < against.hex());
            }
            facts.standings.push_back(std::move(standing));
        }
        return facts;
    }

    void fetched(char tip) { give(Fetched{state.work->id, linear(tip)}); }
    void built() { give(Built{state.work->id}); }
    void ready(Slot slot) { give(RunReady{slot, state.slot(slot).run}); }
    void exits(Slot slot, bool asked = false) {
        give(RunExited{slot, state.slot(slot).run, "exited with status 1", "last words", asked});
    }
    void fire(TimerKind kind) { give(TimerFired{kind}); }

    // To the probation.
    void switch_to(char letter, Trigger trigger = Trigger::webhook) {
        request(letter, trigger);
        fetched(letter);
        built();
        if (state.slot(other(state.active)).state == RunState::stopping) {
            exits(other(state.active), true);
        }
        if (!settings.two_slots && state.slot(state.active).state == RunState::stopping) {
            exits(state.active, true);
        }
        ready(other(state.active));
        ASSERT_EQ(state.live, commit(letter));
    }

    // Through the probation, and the one before has gone.
    void make_good(char letter) {
        switch_to(letter);
        pass(settings.probation);
        fire(TimerKind::probation);
        if (state.slot(other(state.active)).state == RunState::stopping) {
            exits(other(state.active), true);
        }
        ASSERT_TRUE(state.is_good(commit(letter)));
        ASSERT_FALSE(state.trial);
    }

    // One crash of the release on trial, and its next try ready again where there is one.
    void crash_and_retry() {
        const Slot slot = state.trial->slot;
        exits(slot);
        if (!state.trial) return;
        if (state.slot(slot).state == RunState::backoff) {
            fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
        }
        if (state.slot(slot).state == RunState::starting) ready(slot);
    }

    [[nodiscard]] std::string outcome_of(DeploymentId id) const {
        for (auto at = all_records.rbegin(); at != all_records.rend(); ++at) {
            const auto* ended = std::get_if<DeploymentEnded>(&*at);
            if (ended != nullptr && ended->id == id) {
                return std::string(to_string(ended->outcome));
            }
        }
        return "";
    }

    Settings settings;
    AppState state;
    Instant now{Millis(1'000'000)};
    std::int64_t next_id = 1;
    std::vector<Record> records;      // of the last step
    std::vector<Effect> effects;      // of the last step
    std::vector<Record> all_records;  // of all
    Answer answer;

  private:
    template <typename T, typename List>
    static const T* newest(const List& list) {
        for (auto at = list.rbegin(); at != list.rend(); ++at) {
            if (const T* found = std::get_if<T>(&*at)) return found;
        }
        return nullptr;
    }
};

}  // namespace lastgood::core
