#include "lastgood/deploy/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lastgood/base/assert.h"
#include "lastgood/base/kill_point.h"
#include "lastgood/base/mutant.h"

namespace lastgood::deploy {

using core::Effect;
using core::Record;

namespace {

// Where only what runs has changed, a loss of power ends that, too: users needn't wait for the disk
// until a good release is started again. On trial each crash counts, whatever happens next.
bool is_of_this_boot(const core::Event& event, const core::AppState& state) {
    const bool of_a_run = std::holds_alternative<core::RunExited>(event) ||
                          std::holds_alternative<core::RunReady>(event) ||
                          std::holds_alternative<core::TimerFired>(event);
    return of_a_run && LASTGOOD_MUTANT(trial_not_synced, !state.trial, true) && !state.work &&
           !state.waiting;
}

struct Named {
    const char* operator()(const core::DoFetch&) const { return "engine.fetch"; }
    const char* operator()(const core::DoBuild&) const { return "engine.build"; }
    const char* operator()(const core::CancelWork&) const { return "engine.cancel"; }
    const char* operator()(const core::DoStart&) const { return "engine.start"; }
    const char* operator()(const core::DoStop&) const { return "engine.stop"; }
    const char* operator()(const core::DoSwitch&) const { return "engine.switch"; }
    const char* operator()(const core::WatchHealth&) const { return "engine.watch"; }
    const char* operator()(const core::SetTimer&) const { return "engine.timer"; }
    const char* operator()(const core::ClearTimer&) const { return "engine.timer"; }
    const char* operator()(const core::Prune&) const { return "engine.prune"; }
    const char* operator()(const core::RunHook&) const { return "engine.hook"; }
    const char* operator()(const core::PollNow&) const { return "engine.poll"; }
    const char* operator()(const core::Tell&) const { return "engine.tell"; }
};

}  // namespace

Engine::Engine(AppName app, core::Settings settings, core::AppState state, Storage& storage,
               World& world)
    : app_(std::move(app)),
      settings_(std::move(settings)),
      state_(std::move(state)),
      storage_(storage),
      world_(world) {}

void Engine::set_settings(core::Settings settings) {
    LG_ASSERT(settings.two_slots == settings_.two_slots);
    settings_ = std::move(settings);
}

core::Answer Engine::handle(const core::Event& event) {
    flush();
    core::Step step = core::step(
        settings_, state_, event,
        core::Context{world_.now(), storage_.next_deployment_id(), world_.promoted_from()});
    storage_.set_next_deployment_id(step.next_deployment_id);
    if (in_batch_) {
        // A refusal changes nothing, but that the poller may have to look again, and what waits.
        const bool changed = step.answer.accepted || !step.records.empty() ||
                             !step.effects.empty() || step.next.seen_tip != state_.seen_tip ||
                             step.next.waits_for != state_.waits_for;
        batch_changed_ = batch_changed_ || changed;
        state_ = std::move(step.next);
        std::move(step.records.begin(), step.records.end(), std::back_inserter(held_records_));
        std::move(step.effects.begin(), step.effects.end(), std::back_inserter(held_effects_));
        return step.answer;
    }
    state_ = std::move(step.next);
    std::move(step.records.begin(), step.records.end(), std::back_inserter(held_records_));
    if (LASTGOOD_MUTANT(done_before_stored, false, true)) perform(std::exchange(step.effects, {}));
    const bool at_once = held_records_.empty() && is_of_this_boot(event, state_);
    auto saved =
        at_once ? storage_.save_at_once(app_, state_) : storage_.save(app_, state_, held_records_);
    behind_ = !saved.ok();
    if (saved) {
        trouble_.clear();
        std::move(step.effects.begin(), step.effects.end(), std::back_inserter(held_effects_));
        perform_held();
        return step.answer;
    }
    trouble_ = saved.error().text();
    if (LASTGOOD_MUTANT(refused_record_lost, false, true)) held_records_.clear();
    if (LASTGOOD_MUTANT(refused_effect_lost, false, !step.urgent)) step.effects.clear();
    std::move(step.effects.begin(), step.effects.end(), std::back_inserter(held_effects_));
    // What was held goes first: done later it would undo the urgent.
    if (LASTGOOD_MUTANT(urgent_waits, step.urgent, false)) perform_effects();
    return step.answer;
}

void Engine::perform_held() {
    const auto records = std::exchange(held_records_, {});
    perform_effects();
    // Told last: whoever hears of it may rely on its being done.
    if (!records.empty()) world_.recorded(records);
}

void Engine::perform_effects() {
    perform(std::exchange(held_effects_, {}));
}

void Engine::perform(const std::vector<Effect>& effects) {
    for (const auto& effect : effects) {
        const KillPoints around(std::visit(Named{}, effect));
        std::visit([this](const auto& what) { world_.perform(what); }, effect);
    }
}

void Engine::begin_batch() {
    LG_ASSERT(!in_batch_ && !behind_);
    flush();
    in_batch_ = true;
    batch_changed_ = false;
    before_batch_ = state_;
}

Expected<void> Engine::store_batch() {
    LG_ASSERT(in_batch_);
    if (!batch_changed_) return {};
    return storage_.save(app_, state_, held_records_);
}

// Of many pushes that came together only the last one's commit need be fetched.
void Engine::leave_out_cancelled_work() {
    const auto last = std::find_if(
        held_effects_.rbegin(), held_effects_.rend(),
        [](const Effect& effect) { return std::holds_alternative<core::CancelWork>(effect); });
    const auto begun = std::remove_if(held_effects_.begin(), last.base(), [](const Effect& effect) {
        return std::holds_alternative<core::DoFetch>(effect) ||
               std::holds_alternative<core::DoBuild>(effect);
    });
    held_effects_.erase(begun, last.base());
}

void Engine::end_batch(bool committed) {
    LG_ASSERT(in_batch_);
    in_batch_ = false;
    if (committed) {
        leave_out_cancelled_work();
        stored_records_ = std::exchange(held_records_, {});
        stored_effects_ = std::exchange(held_effects_, {});
        if (LASTGOOD_MUTANT(batch_not_done, false, true)) stored_effects_.clear();
        return;
    }
    if (LASTGOOD_MUTANT(refused_batch_remains, true, false)) state_ = std::move(before_batch_);
    held_records_.clear();
    held_effects_.clear();
}

void Engine::flush() {
    const auto records = std::exchange(stored_records_, {});
    perform(std::exchange(stored_effects_, {}));
    if (!records.empty()) world_.recorded(records);
}

void Engine::retry() {
    if (!behind_) return;
    auto saved = storage_.save(app_, state_, held_records_);
    if (!saved && LASTGOOD_MUTANT(retry_believed, true, false)) return;
    behind_ = false;
    trouble_.clear();
    perform_held();
}

}  // namespace lastgood::deploy
