// The words that users read, in every state.
#include <gtest/gtest.h>

#include <set>

#include "core/machine_fixture.h"
#include "lastgood/core/deployment.h"
#include "lastgood/core/provider.h"

namespace lastgood::core {
namespace {

TEST(Provider, EachHasOneNameAndIsFoundByIt) {
    std::set<std::string_view> names;
    for (const Provider provider : all_providers()) {
        names.insert(to_string(provider));
        EXPECT_EQ(provider, parse_provider(to_string(provider)));
    }
    EXPECT_EQ((std::set<std::string_view>{"github", "gitlab", "gitlab-token", "gitea", "forgejo",
                                          "gogs", "bitbucket", "standard"}),
              names);
    EXPECT_EQ(std::nullopt, parse_provider("GitHub"));
    EXPECT_EQ(std::nullopt, parse_provider(""));
    EXPECT_EQ("?", to_string(static_cast<Provider>(99)));
}

TEST(Deployment, ItsWordsAreThoseOfTheContract) {
    const std::pair<Trigger, std::string_view> triggers[] = {{Trigger::webhook, "webhook"},
                                                             {Trigger::poll, "poll"},
                                                             {Trigger::cli, "cli"},
                                                             {Trigger::rollback, "rollback"},
                                                             {Trigger::crash_loop, "crash-loop"},
                                                             {Trigger::fleet, "fleet"},
                                                             {Trigger::promote, "promote"}};
    for (const auto& [trigger, word] : triggers) {
        EXPECT_EQ(word, to_string(trigger));
        EXPECT_EQ(trigger, parse_trigger(word));
    }
    const std::pair<Phase, std::string_view> phases[] = {{Phase::queued, "queued"},
                                                         {Phase::fetching, "fetching"},
                                                         {Phase::building, "building"},
                                                         {Phase::starting, "starting"},
                                                         {Phase::probation, "probation"}};
    for (const auto& [phase, word] : phases) {
        EXPECT_EQ(word, to_string(phase));
        EXPECT_EQ(phase, parse_phase(word));
    }
    const std::pair<Outcome, std::string_view> outcomes[] = {{Outcome::good, "good"},
                                                             {Outcome::failed, "failed"},
                                                             {Outcome::rolled_back, "rolled_back"},
                                                             {Outcome::superseded, "superseded"},
                                                             {Outcome::cancelled, "cancelled"}};
    for (const auto& [outcome, word] : outcomes) EXPECT_EQ(word, to_string(outcome));
    EXPECT_EQ(std::nullopt, parse_trigger("cron"));
    EXPECT_EQ(std::nullopt, parse_phase("good"));
    EXPECT_EQ("?", to_string(static_cast<Trigger>(99)));
    EXPECT_EQ("?", to_string(static_cast<Phase>(99)));
    EXPECT_EQ("?", to_string(static_cast<Outcome>(99)));
}

class Condition : public MachineTest {};

TEST_F(Condition, FollowsAnAppFromNothingToGood) {
    EXPECT_EQ("empty", condition(state));
    switch_to('a');
    EXPECT_EQ("probation", condition(state));
    pass(settings.probation);
    fire(TimerKind::probation);
    EXPECT_EQ("running", condition(state));
    exits(state.active);
    EXPECT_EQ("running", condition(state));  // the first crash restarts at once
    exits(state.active);
    EXPECT_EQ("backoff", condition(state));
    give(StopAsked{});
    EXPECT_EQ("stopped", condition(state));
}

TEST_F(Condition, SaysThatThereIsNothingToGoBackTo) {
    request('a');
    fetched('a');
    built();
    EXPECT_EQ("empty", condition(state));
    give(RunNotReady{other(state.active), state.slot(other(state.active)).run, "not ready"});
    EXPECT_EQ("failed", condition(state));
}

TEST_F(Condition, AStoppedAppThatFailedIsStopped) {
    make_good('a');
    state.failed = true;
    EXPECT_EQ("failed", condition(state));
    state.stopped = true;
    EXPECT_EQ("stopped", condition(state));
}

TEST_F(Condition, StandsAloneOnlyWhereNothingMayComeInItsPlace) {
    EXPECT_FALSE(stands_alone(state, state.active));
    make_good('a');
    const Slot slot = state.active;
    EXPECT_TRUE(stands_alone(state, slot));
    EXPECT_FALSE(stands_alone(state, other(slot)));
    exits(slot);
    EXPECT_TRUE(stands_alone(state, slot));  // starting again
    exits(slot);
    EXPECT_FALSE(stands_alone(state, slot));  // in its pause
    fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
    ready(slot);
    request('b');
    EXPECT_FALSE(stands_alone(state, slot));  // a deployment is under way
    state.waiting = state.work;
    state.work.reset();
    EXPECT_FALSE(stands_alone(state, slot));  // or waits
    state.waiting.reset();
    state.trial = Trial{{}, commit('a'), slot, 0, Millis(0), {}};
    EXPECT_TRUE(stands_alone(state, slot));  // nothing is judged by this one
    state.trial->deployment = DeploymentId{7};
    EXPECT_FALSE(stands_alone(state, slot));
    state.trial.reset();
    state.live.reset();
    EXPECT_FALSE(stands_alone(state, slot));
}

TEST_F(Condition, OnlyWhatComesAgainStartsAgain) {
    make_good('a');
    const Slot slot = state.active;
    exits(slot);
    EXPECT_TRUE(starts_again(state, slot, commit('a')));  // at once
    EXPECT_FALSE(starts_again(state, slot, commit('b')));
    exits(slot);
    EXPECT_TRUE(starts_again(state, slot, commit('a')));  // after its pause
    fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
    ready(slot);
    EXPECT_FALSE(starts_again(state, slot, commit('a')));  // it has come

    request('b');
    fetched('b');
    built();
    exits(other(slot));  // before it was ready
    EXPECT_FALSE(starts_again(state, other(slot), commit('b')));

    switch_to('c');
    const Slot tried = state.active;
    for (int crashes = 1; crashes < settings.crash_loop.crashes; ++crashes) {
        exits(tried);
        EXPECT_TRUE(starts_again(state, tried, commit('c'))) << crashes;
        if (state.slot(tried).state == RunState::backoff) {
            fire(tried == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
        }
    }
    exits(tried);  // rolled back
    EXPECT_FALSE(starts_again(state, tried, commit('c')));
}

}  // namespace
}  // namespace lastgood::core
