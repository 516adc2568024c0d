// Drives step() by hand for one app: a clock that is moved, commits by number, and what the last
// step recorded and wants done. After each step the state's own rules are checked.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/state_rules.h"
#include "lastgood/core/machine.h"

namespace lastgood::core {

inline CommitId commit(int number) {
    const std::string digits = std::to_string(number);
    return *CommitId::parse(digits + std::string(40 - digits.size(), 'a'));
}

class AppDriver {
  public:
    AppDriver() { settings.two_slots = true; }

    Answer operator()(const Event& event) {
        Step step = core::step(settings, state, event, Context{now, next_id, promoted_from});
        state = step.next;
        next_id = step.next_deployment_id;
        records = step.records;
        effects = step.effects;
        urgent = step.urgent;
        for (const auto& record : records) {
            if (const auto* ended = std::get_if<DeploymentEnded>(&record))
                history.push_back(*ended);
        }
        EXPECT_EQ("", broken_rule(state));
        return step.answer;
    }

    // ---- time
    void pass(Millis time) { now += time; }
    void fire(TimerKind kind) { (*this)(TimerFired{kind}); }
    void end_probation() {
        pass(settings.probation);
        fire(TimerKind::probation);
    }
    // A new daemon: knows what is stored, and takes over what is left of what ran.
    void daemon_restarts(Millis away = Millis(1'000), const std::vector<Slot>& left = {}) {
        DaemonStarted started;
        for (const Slot which : kSlots) {
            SlotState& slot = state.slot(which);
            const Instant since = slot.started;
            const bool runs = slot.state == RunState::running || slot.state == RunState::starting;
            slot = SlotState{runs ? slot.state : RunState::empty,
                             runs ? slot.commit : std::nullopt,
                             slot.run,
                             slot.failures,
                             {},
                             false};
            if (runs && std::find(left.begin(), left.end(), which) != left.end()) {
                started.running_since[index(which)] = since;
            }
        }
        state.crashes_after_good.clear();
        pass(away);
        (*this)(started);
    }

    // ---- what happens
    Answer push(int number, const std::string& delivery = "d") {
        return ask(Trigger::webhook, number, delivery + std::to_string(number));
    }
    Answer deploy(std::optional<int> number = {}, bool force = false) {
        Request request{Trigger::cli, {}, {}, "ann", force, {}};
        if (number) request.commit = commit(*number);
        return (*this)(RequestArrived{std::move(request)});
    }
    Answer ask(Trigger trigger, int number, const std::string& delivery = {}) {
        return (*this)(RequestArrived{{trigger, commit(number), delivery, {}, false, {}}});
    }
    // Commits are on one line, numbered from old to new: `tip` is the branch's.
    void fetched(int tip) {
        ASSERT_TRUE(state.work);
        (*this)(Fetched{state.work->id, facts(tip)});
    }
    [[nodiscard]] FetchFacts facts(int tip) const {
        std::vector<CommitId> wanted;
        if (state.work->request.commit) wanted.push_back(*state.work->request.commit);
        for (const auto& over : state.work->request.over) wanted.push_back(over.commit);
        FetchFacts facts;
        facts.tip = commit(tip);
        if (wanted.empty()) wanted.push_back(commit(tip));
        for (const auto& one : wanted) {
            CommitStanding standing{one, true, true, number(one) <= tip, false};
            standing.ancestor_of_live = state.live && number(one) < number(*state.live);
            for (const auto& two : wanted) {
                standing.ancestor_of.push_back(number(one) < number(two));
            }
            facts.standings.push_back(std::move(standing));
        }
        return facts;
    }
    void fetch_fails(bool permanent = false) {
        ASSERT_TRUE(state.work);
        (*this)(FetchFailed{state.work->id, "the remote is away", permanent});
    }
    void built() {
        ASSERT_TRUE(state.work);
        (*this)(Built{state.work->id});
    }
    void build_fails() {
        ASSERT_TRUE(state.work);
        (*this)(BuildFailed{state.work->id, "npm ERR!"});
    }
    void ready(Slot slot) { (*this)(RunReady{slot, state.slot(slot).run}); }
    void not_ready(Slot slot) {
        (*this)(RunNotReady{slot, state.slot(slot).run, "it was not ready within 30s"});
    }
    void exits(Slot slot) {
        (*this)(
            RunExited{slot, state.slot(slot).run, "exited with status 1", "Error: boom", false});
    }
    void stopped(Slot slot) {
        (*this)(RunExited{slot, state.slot(slot).run, "killed by SIGTERM", "", true});
    }
    void probe_fails(int in_a_row) {
        (*this)(ProbeFailed{state.active, state.slot(state.active).run, in_a_row, "status 500"});
    }

    // ---- whole ways
    void bring_to_start(int number, int tip = 0) {
        ASSERT_TRUE(push(number).accepted);
        fetched(tip == 0 ? number : tip);
        built();
        if (!settings.two_slots && state.slot(state.active).state == RunState::stopping) {
            stopped(state.active);
        }
    }
    void bring_to_probation(int number) {
        bring_to_start(number);
        ready(other(state.active));
        ASSERT_EQ(commit(number), state.live);
    }
    void bring_to_good(int number) {
        bring_to_probation(number);
        end_probation();
        ASSERT_TRUE(state.is_good(commit(number)));
        if (state.slot(other(state.active)).state == RunState::stopping) {
            stopped(other(state.active));
        }
    }
    void crash_and_retry(Slot slot, Millis after = Millis(1'000)) {
        pass(after);
        exits(slot);
        if (state.slot(slot).state == RunState::backoff) {
            fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
        }
        if (state.slot(slot).state == RunState::starting) ready(slot);
    }

    // ---- what the last step did
    template <typename T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const auto& effect : effects) {
            if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
        }
        return found;
    }
    template <typename T>
    [[nodiscard]] bool did() const {
        return !all<T>().empty();
    }
    template <typename T>
    [[nodiscard]] T the() const {
        const auto found = all<T>();
        if (found.size() != 1) {
            ADD_FAILURE() << "done " << found.size() << " times, not once";
            std::abort();
        }
        return found.front();
    }
    template <typename T>
    [[nodiscard]] std::vector<T> recorded() const {
        std::vector<T> found;
        for (const auto& record : records) {
            if (const auto* one = std::get_if<T>(&record)) found.push_back(*one);
        }
        return found;
    }
    // How a deployment ended; nothing while it goes on.
    [[nodiscard]] std::optional<Outcome> outcome(std::int64_t id) const {
        for (const auto& ended : history) {
            if (ended.id.value == id) return ended.outcome;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::string reason(std::int64_t id) const {
        for (const auto& ended : history) {
            if (ended.id.value == id) return ended.reason;
        }
        return {};
    }
    static int number(const CommitId& id) {
        return std::stoi(id.hex().substr(0, id.hex().find('a')));
    }

    Settings settings;
    AppState state;
    Instant now{Millis(1'000'000)};
    std::int64_t next_id = 1;
    const Standing* promoted_from = nullptr;
    std::vector<Record> records;
    std::vector<Effect> effects;
    bool urgent = false;
    std::vector<DeploymentEnded> history;
};

// Its release of this number is good, and alone.
inline AppDriver with_good(int number = 1, bool two_slots = true) {
    AppDriver app;
    app.settings.two_slots = two_slots;
    app.bring_to_good(number);
    return app;
}

}  // namespace lastgood::core
