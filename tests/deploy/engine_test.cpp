#include "lastgood/deploy/engine.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace lastgood::deploy {
namespace {

using core::Effect;

CommitId commit(char letter) {
    return CommitId::parse(std::string(40, letter)).value();
}

// One list of what happened, in order: "save", "effect", "told".
struct FakeWorld : World, Storage {
    std::vector<std::string> happened;
    std::vector<Effect> effects;
    std::size_t saves = 0;
    std::size_t saves_at_once = 0;
    std::size_t records_saved = 0;
    bool disk_refuses = false;
    std::int64_t next_id = 1;

    void did(const Effect& effect) {
        happened.emplace_back("effect");
        effects.push_back(effect);
    }
    void perform(const core::DoFetch& effect) override { did(effect); }
    void perform(const core::DoBuild& effect) override { did(effect); }
    void perform(const core::CancelWork& effect) override { did(effect); }
    void perform(const core::DoStart& effect) override { did(effect); }
    void perform(const core::DoStop& effect) override { did(effect); }
    void perform(const core::DoSwitch& effect) override { did(effect); }
    void perform(const core::WatchHealth& effect) override { did(effect); }
    void perform(const core::SetTimer& effect) override { did(effect); }
    void perform(const core::ClearTimer& effect) override { did(effect); }
    void perform(const core::Prune& effect) override { did(effect); }
    void perform(const core::RunHook& effect) override { did(effect); }
    void perform(const core::PollNow& effect) override { did(effect); }
    void perform(const core::Tell& effect) override { did(effect); }
    void recorded(const std::vector<core::Record>&) override { happened.emplace_back("told"); }
    Instant now() override { return Instant{Millis(1'000)}; }

    Expected<void> save(const AppName&, const core::AppState&,
                        const std::vector<core::Record>& records) override {
        if (disk_refuses) return Error{"no space left on device", {}};
        happened.emplace_back("save");
        ++saves;
        records_saved += records.size();
        return {};
    }
    Expected<void> save_at_once(const AppName& name, const core::AppState& state) override {
        ++saves_at_once;
        return save(name, state, {});
    }
    std::int64_t next_deployment_id() override { return next_id; }
    void set_next_deployment_id(std::int64_t next) override { next_id = next; }

    template <typename T>
    [[nodiscard]] int count() const {
        int found = 0;
        for (const auto& effect : effects) found += std::holds_alternative<T>(effect) ? 1 : 0;
        return found;
    }
};

core::Event push(char letter) {
    core::Request request;
    request.trigger = core::Trigger::webhook;
    request.commit = commit(letter);
    return core::RequestArrived{request};
}

class EngineTest : public testing::Test {
  protected:
    Engine make(core::AppState state = {}) {
        core::Settings settings;
        settings.two_slots = true;
        return Engine(AppName::parse("backend").value(), settings, std::move(state), world, world);
    }
    static core::AppState running() {
        core::AppState state;
        state.live = commit('a');
        state.good = {commit('a')};
        state.runs = 1;
        core::SlotState& slot = state.slot(state.active);
        slot.state = core::RunState::running;
        slot.commit = commit('a');
        slot.run = RunId{1};
        return state;
    }
    static core::Event crash() {
        return core::RunExited{Slot::blue, RunId{1}, "killed", "", false};
    }

    FakeWorld world;
};

TEST_F(EngineTest, StoresBeforeItActsAndTellsLast) {
    Engine engine = make();
    engine.handle(push('a'));
    ASSERT_FALSE(world.happened.empty());
    EXPECT_EQ(world.happened.front(), "save");
    EXPECT_EQ(world.happened.back(), "told");
    EXPECT_EQ(world.count<core::DoFetch>(), 1);
}

// What a loss of power would end anyway needn't be on the disk before the next process starts.
TEST_F(EngineTest, OnlyTheRestartOfAGoodReleaseIsStoredWithoutTheDisk) {
    Engine good = make(running());
    good.handle(crash());
    EXPECT_EQ(world.saves_at_once, 1U);
    core::AppState on_trial = running();
    on_trial.trial = core::Trial{{}, commit('a'), Slot::blue, 0, Millis(0), std::nullopt};
    Engine judged = make(on_trial);
    judged.handle(crash());
    Engine other = make(running());
    other.handle(push('b'));
    other.handle(core::StopAsked{});
    EXPECT_EQ(world.saves_at_once, 1U);
}

TEST_F(EngineTest, NumbersDeploymentsOnAcrossApps) {
    Engine first = make();
    Engine second = make();
    const auto one = first.handle(push('a')).deployment;
    const auto two = second.handle(push('a')).deployment;
    EXPECT_LT(one, two);
}

TEST_F(EngineTest, InABatchEffectsWaitForTheCommit) {
    Engine engine = make();
    engine.begin_batch();
    engine.handle(push('a'));
    engine.handle(push('b'));
    EXPECT_TRUE(world.happened.empty());
    EXPECT_TRUE(engine.store_batch().ok());
    EXPECT_EQ(world.happened, std::vector<std::string>{"save"}) << "all of it at once";
    engine.end_batch(true);
    EXPECT_TRUE(world.effects.empty()) << "later, so that senders are answered first";
    engine.flush();
    EXPECT_EQ(world.count<core::DoFetch>(), 1) << "what was cancelled in the batch is never begun";
    EXPECT_EQ(world.count<core::CancelWork>(), 1);
    EXPECT_EQ(world.happened.back(), "told");
}

TEST_F(EngineTest, WhatABatchLedToIsDoneBeforeTheNextEventIsHandled) {
    Engine engine = make();
    engine.begin_batch();
    engine.handle(push('a'));
    EXPECT_TRUE(engine.store_batch().ok());
    engine.end_batch(true);
    world.happened.clear();
    engine.handle(push('a'));
    EXPECT_EQ(world.count<core::DoFetch>(), 1);
    EXPECT_EQ(world.happened.front(), "effect");
}

TEST_F(EngineTest, ABatchOfRefusalsIsNotStored) {
    Engine engine = make();
    engine.handle(push('a'));
    world.happened.clear();
    engine.begin_batch();
    EXPECT_FALSE(engine.handle(push('a')).accepted);
    EXPECT_TRUE(engine.store_batch().ok());
    engine.end_batch(true);
    EXPECT_TRUE(world.happened.empty());
}

TEST_F(EngineTest, ABatchThatIsNotCommittedLeavesEverythingAsItWas) {
    Engine engine = make(running());
    const core::AppState before = engine.state();
    engine.begin_batch();
    world.disk_refuses = true;
    engine.handle(push('b'));
    EXPECT_FALSE(engine.store_batch().ok());
    engine.end_batch(false);
    EXPECT_EQ(engine.state(), before);
    EXPECT_TRUE(world.effects.empty());
    EXPECT_TRUE(engine.healthy());
}

TEST_F(EngineTest, ACrashedAppIsRestartedAlsoWhenTheDiskRefuses) {
    Engine engine = make(running());
    world.disk_refuses = true;
    engine.handle(crash());
    EXPECT_FALSE(engine.healthy());
    EXPECT_NE(engine.trouble().find("no space"), std::string::npos);
    EXPECT_EQ(world.count<core::SetTimer>() + world.count<core::DoStart>(), 1);
}

TEST_F(EngineTest, WhatIsHeldGoesBeforeTheUrgentSoThatItUndoesNothing) {
    Engine engine = make(running());
    world.disk_refuses = true;
    engine.handle(push('b'));
    EXPECT_TRUE(world.effects.empty());
    engine.handle(crash());
    ASSERT_FALSE(world.effects.empty());
    EXPECT_TRUE(std::holds_alternative<core::DoFetch>(world.effects.front()));
    const std::size_t done = world.effects.size();
    world.disk_refuses = false;
    engine.retry();
    EXPECT_EQ(world.effects.size(), done) << "done once";
    EXPECT_GT(world.records_saved, 0U) << "and recorded in the end";
}

TEST_F(EngineTest, TheNextStepStoresWhatWasRefusedBefore) {
    Engine engine = make(running());
    world.disk_refuses = true;
    engine.handle(push('b'));
    world.disk_refuses = false;
    engine.handle(core::PauseAsked{});
    EXPECT_TRUE(engine.healthy());
    EXPECT_EQ(world.count<core::DoFetch>(), 1);
    EXPECT_GT(world.records_saved, 0U);
}

TEST_F(EngineTest, ARestartedDaemonRunsItsAppsAlsoWhenTheDiskRefuses) {
    core::AppState state = running();
    state.slot(Slot::blue) = core::SlotState{};
    Engine engine = make(state);
    world.disk_refuses = true;
    engine.handle(core::DaemonStarted{});
    EXPECT_EQ(world.count<core::DoSwitch>(), 1);
    EXPECT_EQ(world.count<core::DoStart>(), 1);
}

TEST_F(EngineTest, ADeploymentWaitsUntilItsRecordIsOnDisk) {
    Engine engine = make(running());
    world.disk_refuses = true;
    engine.handle(push('b'));
    EXPECT_EQ(world.count<core::DoFetch>(), 0);
    engine.retry();
    EXPECT_EQ(world.count<core::DoFetch>(), 0);
    world.disk_refuses = false;
    engine.retry();
    EXPECT_TRUE(engine.healthy());
    EXPECT_EQ(world.count<core::DoFetch>(), 1);
    EXPECT_GT(world.records_saved, 0U);
    const std::size_t saves = world.saves;
    engine.retry();
    EXPECT_EQ(world.saves, saves);
}

}  // namespace
}  // namespace lastgood::deploy
