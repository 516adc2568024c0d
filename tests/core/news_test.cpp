// What is told of steps, and when it is told again.
#include "lastgood/core/news.h"

#include "core/machine_fixture.h"
#include "lastgood/base/limits.h"
#include "lastgood/core/resend_policy.h"

namespace lastgood::core {
namespace {

class NewsTest : public MachineTest {
  protected:
    // Of the last step: "good #1", "quarantined a", …
    std::vector<std::string> told() const {
        std::vector<std::string> all;
        for (const News& news : news_of(state, records)) {
            std::string text(to_string(news.kind));
            if (news.deployment) text += " #" + std::to_string(news.deployment.value);
            if (news.commit) text += " " + news.commit->hex().substr(0, 1);
            if (news.back_to) text += " to " + news.back_to->hex().substr(0, 1);
            all.push_back(text);
        }
        return all;
    }
    using Told = std::vector<std::string>;

    // A good release crashes until it is told.
    void loop(Slot slot) {
        for (int i = 0; i < 3; ++i) {
            exits(slot);
            if (state.slot(slot).state == RunState::backoff) {
                fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
            }
            if (i < 2) ready(slot);
        }
    }
    bool was_told(NewsKind kind) const {
        for (const auto& record : all_records) {
            const auto* noticed = std::get_if<Noticed>(&record);
            if (noticed != nullptr && noticed->kind == kind) return true;
        }
        return false;
    }
};

TEST_F(NewsTest, ADeploymentIsToldWhenItsCommitIsChosenAndWhenItEnds) {
    request('a');
    EXPECT_EQ(told(), Told{});
    fetched('a');
    EXPECT_EQ(told(), Told{"started #1 a"});
    built();
    ready(other(state.active));
    EXPECT_EQ(told(), Told{});
    pass(settings.probation);
    fire(TimerKind::probation);
    EXPECT_EQ(told(), Told{"good #1"});
}

TEST_F(NewsTest, ARollbackInProbationIsToldOnceWithWhatUsersGetInstead) {
    make_good('a');
    switch_to('b');
    for (int i = 0; i < 3; ++i) crash_and_retry();
    EXPECT_EQ(told(), (Told{"quarantined b", "rolled_back #2 to a"}));
}

TEST_F(NewsTest, AGoodReleaseThatAnOperatorLeavesIsToldAsRolledBack) {
    make_good('a');
    make_good('b');
    give(RollbackAsked{{}, "ada"});
    EXPECT_EQ(told(), (Told{"quarantined b", "rolled_back b to a"}));
}

TEST_F(NewsTest, AReleaseOnTrialThatAnOperatorLeavesIsToldOnce) {
    make_good('a');
    switch_to('b');
    give(RollbackAsked{{}, "ada"});
    EXPECT_EQ(told(), (Told{"quarantined b", "rolled_back #2 to a"}));
}

TEST_F(NewsTest, ACrashLoopIsToldOnceAndItsEndWhenItRanWellForLong) {
    make_good('a');
    const Slot slot = state.active;
    loop(slot);
    EXPECT_TRUE(was_told(NewsKind::crashed));
    EXPECT_TRUE(state.alarm);
    all_records.clear();
    ready(slot);
    EXPECT_TRUE(sets(TimerKind::settled));
    exits(slot);
    EXPECT_FALSE(was_told(NewsKind::crashed)) << "once is enough";
    fire(slot == Slot::blue ? TimerKind::restart_blue : TimerKind::restart_green);
    ready(slot);
    fire(TimerKind::settled);
    EXPECT_EQ(told(), Told{"recovered a"});
    EXPECT_FALSE(state.alarm);
}

TEST_F(NewsTest, NothingSettlesWhileAnotherReleaseIsJudged) {
    make_good('a');
    loop(state.active);
    ready(state.active);
    switch_to('b');
    fire(TimerKind::settled);
    EXPECT_EQ(told(), Told{});
    EXPECT_TRUE(state.alarm);
    pass(settings.probation);
    fire(TimerKind::probation);
    EXPECT_EQ(told(), (Told{"good #2", "recovered b"}));
}

TEST_F(NewsTest, TheFirstReleaseThatFailsIsToldAsFailedAndCrashed) {
    request('a');
    fetched('a');
    built();
    exits(other(state.active));
    EXPECT_EQ(told(), (Told{"failed #1", "crashed a"}));
}

TEST_F(NewsTest, ARepositoryThatIsAwayIsToldOnceAndWhenItIsBack) {
    make_good('a');
    give(LookFailed{1, "no route"});
    EXPECT_EQ(told(), Told{});
    give(LookFailed{2, "no route"});
    EXPECT_EQ(told(), Told{"fetch_failing"});
    give(LookFailed{3, "no route"});
    EXPECT_EQ(told(), Told{});
    give(PollSaw{commit('a')});
    EXPECT_EQ(told(), Told{"recovered"});
}

TEST_F(NewsTest, AFetchThatFailsAgainAndAgainIsToldOnce) {
    request('a');
    int times = 0;
    for (int i = 0; i < 2 * limits::kFetchFailuresTold; ++i) {
        give(FetchFailed{state.work->id, "no route", false});
        times += static_cast<int>(told().size());
        fire(TimerKind::fetch_retry);
    }
    EXPECT_EQ(times, 1);
    fetched('a');
    EXPECT_EQ(told(), (Told{"recovered", "started #1 a"}));
}

TEST_F(NewsTest, WhatANewerRequestTakesThePlaceOfIsToldAsSuperseded) {
    request('a');
    request('b');
    EXPECT_EQ(told(), Told{"superseded #1"});
}

TEST_F(NewsTest, WhatAnOperatorStopsIsToldAsCancelled) {
    make_good('a');
    request('b');
    give(StopAsked{});
    EXPECT_EQ(told(), Told{"cancelled #2"});
}

TEST_F(NewsTest, ARollbackNamesWhatUsersGetAlsoWhereTheNextOneIsBeingBuilt) {
    make_good('a');
    switch_to('b');
    request('c');
    fetched('c');
    for (int i = 0; i < 3; ++i) crash_and_retry();
    ASSERT_TRUE(state.work);
    EXPECT_EQ(told(), (Told{"quarantined b", "rolled_back #2 to a"}));
}

// The branch was set back to what is live, while newer commits of it were asked for.
TEST_F(NewsTest, ADeploymentThatIsQueuedAndOverInOneStepIsTold) {
    make_good('c');
    request('d');
    request('c');
    request('e');
    fetched('c');
    EXPECT_EQ(told(), (Told{"superseded #4", "good #5"}));
}

TEST_F(NewsTest, AnotherOnesWayBackHidesNoGoodNews) {
    Request back;
    back.trigger = Trigger::crash_loop;
    records = {DeploymentQueued{DeploymentId{2}, back},
               DeploymentEnded{DeploymentId{1}, Outcome::good, {}},
               DeploymentEnded{DeploymentId{2}, Outcome::good, {}}};
    EXPECT_EQ(told(), Told{"good #1"});
}

TEST(NewsKinds, ByDefaultOnlyEndsAndTroubleAreTold) {
    std::vector<std::string_view> told;
    for (const NewsKind kind : kNewsKinds) {
        if (is_told_by_default(kind)) told.push_back(to_string(kind));
    }
    EXPECT_EQ(told, (std::vector<std::string_view>{"good", "failed", "rolled_back", "crashed",
                                                   "recovered", "fetch_failing", "edits_rescued"}));
}

TEST(NewsKinds, EachHasANameThatIsReadBack) {
    for (const NewsKind kind : kNewsKinds) EXPECT_EQ(parse_news_kind(to_string(kind)), kind);
    EXPECT_FALSE(parse_news_kind("crash"));
    EXPECT_EQ("?", to_string(static_cast<NewsKind>(99)));
}

TEST(ResendPolicy, PausesDoubleUpToAnHourAndEndAfterThreeDays) {
    const Sent failed{Sent::Kind::again, "no route", {}};
    Millis age{0};
    Millis before{0};
    int tries = 0;
    while (true) {
        const Resend next = resend(failed, ++tries, age, 7);
        if (next.give_up) break;
        EXPECT_GE(next.pause, Millis(4'500));
        EXPECT_LE(next.pause, limits::kNoticeRetryMax * 11 / 10);
        if (tries > 1 && tries < 9) {
            EXPECT_GT(next.pause, before * 3 / 2);
        }
        before = next.pause;
        age += next.pause;
        ASSERT_LT(tries, 200);
    }
    EXPECT_GE(age, limits::kNoticeAgeMax);
    EXPECT_LT(age, limits::kNoticeAgeMax + 2 * limits::kNoticeRetryMax);
}

TEST(ResendPolicy, WaitsAsLongAsTheReceiverAsksUpToADay) {
    EXPECT_EQ(resend({Sent::Kind::again, "", Millis(600'000)}, 1, {}, 7).pause, Millis(600'000));
    EXPECT_LE(resend({Sent::Kind::again, "", Millis(1)}, 1, {}, 7).pause, Millis(5'500));
    EXPECT_GE(resend({Sent::Kind::again, "", Millis(1)}, 1, {}, 7).pause, Millis(4'500));
    EXPECT_EQ(resend({Sent::Kind::again, "", limits::kNoticeRetryAfterMax * 30}, 1, {}, 7).pause,
              limits::kNoticeRetryAfterMax);
}

TEST(ResendPolicy, GivesUpAtOnceWhatWillNeverBeTaken) {
    EXPECT_TRUE(resend({Sent::Kind::never, "it answered 410", {}}, 1, {}, 7).give_up);
}

}  // namespace
}  // namespace lastgood::core
