#include "lastgood/deploy/engine.h"

#include <iterator>
#include <utility>

#include "lastgood/base/assert.h"

namespace lastgood::deploy {

using core::Effect;
using core::Record;

Engine::Engine(AppName app, core::Settings settings, core::AppState state, Storage& storage,
               World& world)
    : app_(std::move(app)),
      settings_(std::move(settings)),
      state_(std::move(state)),
      storage_(storage),
      world_(world) {}

core::Answer Engine::handle(const core::Event& event) {
    core::Step step = core::step(settings_, state_, event,
                                 core::Context{world_.now(), storage_.next_deployment_id()});
    storage_.set_next_deployment_id(step.next_deployment_id);
    state_ = std::move(step.next);
    if (in_batch_) {
        auto saved = storage_.save(app_, state_, step.records);
        batch_failed_ = batch_failed_ || !saved;
        std::move(step.records.begin(), step.records.end(), std::back_inserter(held_records_));
        std::move(step.effects.begin(), step.effects.end(), std::back_inserter(held_effects_));
        return step.answer;
    }
    std::move(step.records.begin(), step.records.end(), std::back_inserter(held_records_));
    auto saved = storage_.save(app_, state_, held_records_);
    behind_ = !saved.ok();
    if (saved) {
        trouble_.clear();
        std::move(step.effects.begin(), step.effects.end(), std::back_inserter(held_effects_));
        perform_held();
        return step.answer;
    }
    trouble_ = saved.error().text();
    std::move(step.effects.begin(), step.effects.end(), std::back_inserter(held_effects_));
    // What was held goes first: done later it would undo the urgent.
    if (step.urgent) perform_effects();
    return step.answer;
}

void Engine::perform_held() {
    const auto records = std::exchange(held_records_, {});
    perform_effects();
    // Told last: whoever hears of it may rely on its being done.
    if (!records.empty()) world_.recorded(records);
}

void Engine::perform_effects() {
    for (const auto& effect : std::exchange(held_effects_, {})) {
        std::visit([this](const auto& what) { world_.perform(what); }, effect);
    }
}

void Engine::begin_batch() {
    LG_ASSERT(!in_batch_ && !behind_);
    in_batch_ = true;
    batch_failed_ = false;
    before_batch_ = state_;
}

void Engine::end_batch(bool committed) {
    LG_ASSERT(in_batch_ && !(committed && batch_failed_));
    in_batch_ = false;
    if (committed) return perform_held();
    state_ = std::move(before_batch_);
    held_records_.clear();
    held_effects_.clear();
}

void Engine::retry() {
    if (!behind_) return;
    auto saved = storage_.save(app_, state_, held_records_);
    if (!saved) return;
    behind_ = false;
    trouble_.clear();
    perform_held();
}

}  // namespace lastgood::deploy
