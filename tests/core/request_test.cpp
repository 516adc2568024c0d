// The way of a request to the start: waiting, order, fetching, choosing, building, the poller.
#include "core/app_driver.h"
#include "lastgood/base/limits.h"

namespace lastgood::core {
namespace {

TEST(Request, CarriesAPushThroughItsPhasesToGood) {
    AppDriver app;
    const Answer answer = app.push(1);
    EXPECT_TRUE(answer.accepted);
    EXPECT_EQ("deploy", answer.decision);
    EXPECT_EQ(std::vector{commit(1)}, app.the<DoFetch>().candidates);
    app.fetched(1);
    EXPECT_EQ(commit(1), app.all<DoBuild>().at(0).commit);
    app.built();
    EXPECT_EQ(Slot::green, app.all<DoStart>().at(0).slot);
    EXPECT_FALSE(app.state.live);
    app.ready(Slot::green);
    EXPECT_EQ(Slot::green, app.all<DoSwitch>().at(0).slot);
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_EQ(app.settings.probation, app.the<SetTimer>().delay);
    EXPECT_FALSE(app.outcome(answer.deployment.value));
    app.end_probation();
    EXPECT_EQ(Outcome::good, app.outcome(answer.deployment.value));
    EXPECT_EQ(std::vector{commit(1)}, app.state.good);
    EXPECT_TRUE(app.did<Prune>());
}

TEST(Request, LetsANewerPushCancelWhatIsNotLiveYet) {
    for (const int phase : {0, 1, 2}) {
        AppDriver app;
        app.push(1);
        if (phase > 0) app.fetched(1);
        if (phase > 1) app.built();
        app.push(2);
        EXPECT_EQ(Outcome::superseded, app.outcome(1)) << phase;
        EXPECT_TRUE(app.did<CancelWork>()) << phase;
        EXPECT_EQ(phase > 1, app.did<DoStop>()) << phase;
        EXPECT_EQ(commit(2), app.the<DoFetch>().candidates.front()) << phase;
    }
}

TEST(Request, LetsTheNewestWaitWhereSupersedeIsFinish) {
    AppDriver app;
    app.settings.finish_before_newer = true;
    app.push(1);
    app.fetched(1);
    app.push(2);
    app.push(3);
    EXPECT_FALSE(app.did<CancelWork>());
    EXPECT_EQ(commit(3), app.state.waiting->commit);
    EXPECT_EQ(Outcome::superseded, app.outcome(2));
    app.built();
    app.ready(Slot::green);
    EXPECT_EQ(commit(1), app.state.live);
    EXPECT_EQ(commit(3), app.all<DoFetch>().at(0).candidates.front());
    EXPECT_FALSE(app.state.waiting);
}

TEST(Request, DoesNotCancelAStartWithoutTwoSlots) {
    AppDriver app;
    app.settings.two_slots = false;
    app.bring_to_good(1);
    app.bring_to_start(2);
    app.push(3);
    EXPECT_FALSE(app.did<CancelWork>());
    EXPECT_EQ(commit(3), app.state.waiting->commit);
}

TEST(Request, DeploysTheNewestWhereDeliveriesCameOutOfOrder) {
    AppDriver app;
    app.push(3, "third-");
    app.push(2, "second-");
    EXPECT_EQ((std::vector{commit(2), commit(3)}), app.the<DoFetch>().candidates);
    app.fetched(3);
    EXPECT_EQ(commit(3), app.all<DoBuild>().at(0).commit);
    EXPECT_EQ(Outcome::superseded, app.outcome(2));
    const auto redecided = app.recorded<DeliveryRedecided>();
    ASSERT_EQ(1U, redecided.size());
    EXPECT_EQ("second-2", redecided[0].delivery);
    EXPECT_EQ("stale", redecided[0].decision);
    EXPECT_EQ("third-3", app.state.work->request.delivery);
}

TEST(Request, DeploysTheTipOfMoreWishesThanCanBeCompared) {
    constexpr int kMany = static_cast<int>(limits::kCandidatesMax);
    AppDriver app;
    app.push(500);  // the newest comes first
    for (int number = 1; number < kMany; ++number) {
        app.push(number);
        EXPECT_EQ(number + 1, static_cast<int>(app.the<DoFetch>().candidates.size()));
    }
    for (int number = kMany; number < 2 * kMany + 10; ++number) {
        app.push(number);
        EXPECT_TRUE(app.the<DoFetch>().candidates.empty()) << number;
    }
    app.fetched(500);
    EXPECT_EQ(commit(500), app.all<DoBuild>().at(0).commit);
    app.push(499);
    EXPECT_EQ((std::vector{commit(499), commit(500)}), app.the<DoFetch>().candidates);
}

TEST(Request, RemembersACommitOfThePollerThatALateDeliverySuperseded) {
    AppDriver app;
    app(PollSaw{commit(3)});
    app.push(2);
    app.fetched(3);
    EXPECT_EQ(commit(3), app.state.work->commit);
}

TEST(Request, RemembersTheTipThatAnOperatorWantedWhenALateDeliveryCame) {
    AppDriver app;
    app.deploy();
    app.fetched(3);
    app.push(2);
    app.fetched(3);
    EXPECT_EQ(commit(3), app.state.work->commit);
}

TEST(Request, EndsALateDeliveryAsStale) {
    AppDriver app;
    app.bring_to_good(5);
    const Answer late = app.push(4);
    app.fetched(5);
    EXPECT_EQ(Outcome::superseded, app.outcome(late.deployment.value));
    EXPECT_EQ("stale", app.recorded<DeliveryRedecided>().at(0).decision);
    EXPECT_FALSE(app.state.work);
}

TEST(Request, DeploysAnOlderCommitWhereTheBranchWasForcedBack) {
    AppDriver app;
    app.bring_to_good(5);
    app.push(4);
    app.fetched(4);
    EXPECT_EQ(commit(4), app.all<DoBuild>().at(0).commit);
}

TEST(Request, AsksAgainForACommitThatIsNotThereYetButNotForEver) {
    AppDriver app;
    const auto id = app.push(1).deployment;
    Millis waited{0};
    while (app.state.work) {
        FetchFacts facts = app.facts(1);
        facts.standings[0] = CommitStanding{commit(1), false, false, false, false, {}};
        app(Fetched{id, facts});
        if (!app.state.work) break;
        const auto timer = app.the<SetTimer>();
        EXPECT_EQ(TimerKind::fetch_retry, timer.kind);
        waited += timer.delay;
        ASSERT_LT(waited, 2 * limits::kCommitAppearsWithin);
        app.fire(TimerKind::fetch_retry);
        EXPECT_TRUE(app.did<DoFetch>());
    }
    EXPECT_GE(waited, limits::kCommitAppearsWithin);
    EXPECT_EQ(Outcome::failed, app.outcome(id.value));
}

TEST(Request, TriesAFailedFetchAgainWithBackoffUntilItIsSuperseded) {
    AppDriver app;
    app.push(1);
    Millis last{0};
    for (int i = 0; i < 6; ++i) {
        app.fetch_fails();
        const auto delay = app.the<SetTimer>().delay;
        EXPECT_GT(delay, last);
        last = delay;
        app.fire(TimerKind::fetch_retry);
        EXPECT_TRUE(app.did<DoFetch>());
    }
    app.push(2);
    EXPECT_EQ(Outcome::superseded, app.outcome(1));
}

TEST(Request, TellsAnOperatorAtOnceThatTheFetchFailed) {
    AppDriver app;
    const auto id = app.deploy(1).deployment;
    app.fetch_fails();
    EXPECT_EQ(Outcome::failed, app.outcome(id.value));
    EXPECT_EQ("the remote is away", app.reason(id.value));
}

TEST(Request, LetsThePollerTryAgainWhatCouldNeverBeFetched) {
    AppDriver app;
    app(PollSaw{commit(1)});
    app.fetch_fails(true);
    EXPECT_EQ(Outcome::failed, app.outcome(1));
    EXPECT_TRUE(app(PollSaw{commit(1)}).accepted);
    EXPECT_TRUE(app.state.work);
}

TEST(Request, LetsNoLookOfThePollerTakeThePlaceOfAWishForTheTip) {
    AppDriver app;
    const auto id = app.deploy().deployment;
    EXPECT_EQ("the tip is being fetched already", app(PollSaw{commit(1)}).reason);
    app.fetched(1);
    app.built();
    app.ready(other(app.state.active));
    app.end_probation();
    EXPECT_EQ(Outcome::good, app.outcome(id.value));
    // It had begun before the tip moved: the next look tells.
    app.deploy();
    app(PollSaw{commit(2)});
    app.fetched(1);
    EXPECT_FALSE(app.state.work);
    app(PollSaw{commit(2)});
    EXPECT_EQ(commit(2), app.state.work->request.commit);
}

TEST(Request, KeepsAFailedBuildFromThePollerButNotFromARedelivery) {
    AppDriver app;
    app.bring_to_good(1);
    app(PollSaw{commit(2)});
    app.fetched(2);
    app.build_fails();
    EXPECT_EQ(Outcome::failed, app.history.back().outcome);
    EXPECT_FALSE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(HookKind::on_failure, app.all<RunHook>().at(0).kind);
    EXPECT_EQ("nothing new", app(PollSaw{commit(2)}).reason);
    EXPECT_FALSE(app.state.work);
    EXPECT_TRUE(app.push(2).accepted);
}

TEST(Request, LeavesATipToThePollerThatNobodyAskedFor) {
    AppDriver app;
    app.push(1);
    app.fetched(2);  // the delivery of 2 is lost
    app.built();
    app.ready(Slot::green);
    EXPECT_TRUE(app(PollSaw{commit(2)}).accepted);
    EXPECT_EQ(commit(2), app.state.work->commit);
}

TEST(Request, DoesNotFightARollbackByPolling) {
    AppDriver app;
    app.bring_to_good(1);
    app.bring_to_good(2);
    app(RollbackAsked{{}, "ann"});
    app.ready(other(app.state.active));
    EXPECT_EQ(commit(1), app.state.live);
    app(PollSaw{commit(2)});
    EXPECT_FALSE(app.state.work);
}

TEST(Request, DoesNotFightAnOperatorsChoiceByPolling) {
    AppDriver app;
    app.bring_to_good(1);
    app.push(3);  // under way, not fetched yet
    app.deploy(2);
    app.fetched(3);
    app.built();
    app.ready(other(app.state.active));
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_EQ("nothing new", app(PollSaw{commit(3)}).reason);
}

TEST(Request, FindsAfterAPauseWhatWasPushedMeanwhile) {
    AppDriver app;
    app.bring_to_good(1);
    app(PauseAsked{});
    EXPECT_FALSE(app.push(2).accepted);
    EXPECT_FALSE(app(PollSaw{commit(2)}).accepted);
    app(ResumeAsked{});
    EXPECT_TRUE(app.did<PollNow>());
    EXPECT_TRUE(app(PollSaw{commit(2)}).accepted);
}

TEST(Request, FindsAfterAPauseThatTheBranchWasSetBack) {
    AppDriver app;
    app.bring_to_good(1);
    app.deploy(2);  // the branch is at 1: named by hand, and not the tip that was seen
    app(Fetched{app.state.work->id, app.facts(2)});
    app.built();
    app.ready(other(app.state.active));
    app.state.seen_tip = commit(1);
    app(PauseAsked{});
    app.push(1);
    app(ResumeAsked{});
    EXPECT_TRUE(app(PollSaw{commit(1)}).accepted);
    EXPECT_TRUE(app.state.work);
}

TEST(Request, RefusesAutomaticRequestsForQuarantinedCommitsWithTheReason) {
    AppDriver app;
    app.state.quarantine[commit(2)] = "it crashed";
    for (const Trigger trigger :
         {Trigger::webhook, Trigger::poll, Trigger::fleet, Trigger::promote}) {
        const Answer answer = app.ask(trigger, 2);
        EXPECT_FALSE(answer.accepted);
        EXPECT_NE(std::string::npos, answer.reason.find("it crashed"));
    }
    EXPECT_FALSE(app.deploy(2).accepted);
    EXPECT_TRUE(app.deploy(2, true).accepted);
    EXPECT_FALSE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(1U, app.recorded<Unquarantined>().size());
}

TEST(Request, EndsTheTipsDeploymentWhereTheTipIsInQuarantine) {
    AppDriver app;
    app.state.quarantine[commit(2)] = "it crashed";
    app.deploy();
    app.fetched(2);
    EXPECT_EQ(Outcome::cancelled, app.outcome(1));
    EXPECT_EQ(commit(2), app.recorded<DeploymentMoved>().back().commit);  // whose row it is
    app.deploy({}, true);
    app.fetched(2);
    EXPECT_TRUE(app.did<DoBuild>());
    EXPECT_FALSE(app.state.is_quarantined(commit(2)));
}

TEST(Request, IgnoresTwiceTheSameWishWhileItIsCarriedOut) {
    AppDriver app;
    app.push(1);
    EXPECT_EQ("that commit is being deployed already", app.push(1).reason);
    app.fetched(1);
    app.built();
    app.ready(Slot::green);
    app.end_probation();
    EXPECT_EQ("that commit is live already", app.push(1).reason);
}

TEST(Request, IgnoresNewsOfWorkThatIsNoMore) {
    AppDriver app;
    app.push(1);
    const auto old = app.state.work->id;
    const FetchFacts facts = app.facts(1);
    app.push(2);
    for (const Event& late : std::vector<Event>{Fetched{old, facts}, FetchFailed{old, "x", true},
                                                Built{old}, BuildFailed{old, "x"}}) {
        const AppState before = app.state;
        app(late);
        EXPECT_TRUE(app.effects.empty());
        EXPECT_TRUE(app.records.empty());
        EXPECT_EQ(before, app.state);
    }
}

TEST(Request, ResumesEachPhaseAfterTheDaemonsDeath) {
    AppDriver app;
    app.push(1);
    app.daemon_restarts();
    EXPECT_TRUE(app.did<DoFetch>());
    app.fetched(1);
    app.daemon_restarts();
    EXPECT_TRUE(app.did<DoBuild>());
    app.built();
    app.daemon_restarts();
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    EXPECT_TRUE(app.urgent);
    app.ready(Slot::green);
    app.daemon_restarts();
    EXPECT_EQ(Slot::green, app.the<DoSwitch>().slot);
    EXPECT_EQ(commit(1), app.the<DoStart>().commit);
    app.ready(Slot::green);
    app.end_probation();
    EXPECT_EQ(Outcome::good, app.outcome(1));
}

TEST(Request, GivesUpAStartThatTheDaemonNeverSurvives) {
    AppDriver app;
    app.bring_to_good(1);
    app.bring_to_start(2);
    for (int i = 0; i < limits::kStartAttemptsMax && app.state.work; ++i) app.daemon_restarts();
    EXPECT_FALSE(app.state.work);
    EXPECT_TRUE(app.state.is_quarantined(commit(2)));
    EXPECT_EQ(commit(1), app.state.live);
}

}  // namespace
}  // namespace lastgood::core
