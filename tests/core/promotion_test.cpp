// With `promote`: what may go live by itself, what waits, and what is asked for when.
#include <gtest/gtest.h>

#include "core/app_driver.h"

namespace lastgood::core {
namespace {

using namespace std::chrono_literals;

// Production, with release 1 good, and what is told of staging.
class Promoted : public ::testing::Test {
  protected:
    Promoted() {
        app.bring_to_good(1);
        app.settings.promotion = Promotion{"staging", 10min};
        app.promoted_from = &staging;
        becomes_good(1, 1h);
    }
    void becomes_good(int number, Millis ago = {}) {
        staging.good.insert(staging.good.begin(), {commit(number), app.now - ago});
    }
    void goes_into_quarantine(int number) {
        std::erase_if(staging.good,
                      [&](const auto& good) { return good.commit == commit(number); });
        staging.bad[commit(number)] = "rolled back by ann";
    }
    Answer due() { return app(PromotionDue{}); }
    [[nodiscard]] std::string note() const {
        return promotion_note(app.state, *app.settings.promotion, staging, app.now);
    }

    AppDriver app;
    Standing staging;
};

TEST_F(Promoted, APushWaitsUntilItWasGoodThereForAWhile) {
    const Answer pushed = app.push(2);
    EXPECT_FALSE(pushed.accepted);
    EXPECT_EQ("ignored", pushed.decision);
    EXPECT_EQ("commit 2aaaaaa waits for staging: it has not been good there", pushed.reason);
    EXPECT_FALSE(app.state.work);
    EXPECT_EQ(pushed.reason, note());

    staging.judged = commit(2);
    EXPECT_EQ("commit 2aaaaaa waits for staging: it is in its probation there",
              app.push(2, "again").reason);
    staging.judged.reset();
    becomes_good(2);
    app.pass(4min);
    EXPECT_EQ("commit 2aaaaaa waits for staging: good there for 4m 0s of 10m 0s", note());
    due();
    EXPECT_FALSE(app.state.work);
    app.pass(6min);
    due();
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(Trigger::promote, app.state.work->request.trigger);
    app.fetched(2);
    app.built();
    app.ready(other(app.state.active));
    EXPECT_EQ(commit(2), app.state.live);
    EXPECT_EQ("", note());
}

TEST_F(Promoted, ThePollersTipWaitsAsAPushDoes) {
    EXPECT_FALSE(app(PollSaw{commit(2)}).accepted);
    EXPECT_FALSE(app.state.work);
    becomes_good(2, 10min);
    EXPECT_TRUE(app(PollSaw{commit(2)}).accepted);
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(commit(2), app.state.work->commit);
}

TEST_F(Promoted, WhatIsProvedAlreadyNeedsNoWait) {
    becomes_good(2, 1h);
    EXPECT_TRUE(app.push(2).accepted);
    EXPECT_EQ(Trigger::webhook, app.state.work->request.trigger);
}

TEST_F(Promoted, QuarantineThereEndsTheWait) {
    becomes_good(2);
    app.pass(5min);
    goes_into_quarantine(2);
    app.pass(1h);
    due();
    EXPECT_FALSE(app.state.work);
    EXPECT_EQ("commit 2aaaaaa waits for staging: it is in quarantine there: rolled back by ann",
              app.push(2).reason);
}

TEST_F(Promoted, TheNewestProvedCommitOfTheBranchGoes) {
    becomes_good(2, 30min);
    becomes_good(4, 20min);  // on staging's branch only
    becomes_good(5);
    due();
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(commit(4), app.state.work->request.commit);
    app.fetched(3);
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(commit(2), app.state.work->commit);
    EXPECT_EQ(Phase::building, app.state.work->phase);
}

TEST_F(Promoted, ACommitThatIsNotOnTheBranchWaitsUntilTheBranchMoves) {
    becomes_good(4, 20min);
    due();
    const auto id = app.state.work->id.value;
    app.fetched(1);
    EXPECT_FALSE(app.state.work);
    EXPECT_EQ(Outcome::cancelled, app.outcome(id));
    EXPECT_NE(std::string::npos, app.reason(id).find("is not on branch")) << app.reason(id);
    due();
    app(PollSaw{commit(1)});
    EXPECT_FALSE(app.state.work) << "it was looked at";
    // A merge of it: not proved itself, but it holds what is.
    EXPECT_FALSE(app.push(6).accepted);
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(commit(4), app.state.work->request.commit);
    app.fetched(6);
    EXPECT_EQ(commit(4), app.state.work->commit);
    EXPECT_NE("", note()) << "6 goes on waiting";
}

TEST_F(Promoted, ACommitThatTheRemoteHasNotIsNotWaitedFor) {
    becomes_good(4, 20min);
    due();
    FetchFacts facts = app.facts(1);
    facts.standings.front().present = false;
    app(Fetched{app.state.work->id, facts});
    EXPECT_FALSE(app.state.work);
    EXPECT_FALSE(app.did<SetTimer>());
}

TEST_F(Promoted, WithoutTheKeyAnymoreWhatIsUnderWayIsAnyRequest) {
    becomes_good(4, 20min);
    due();
    app.settings.promotion.reset();
    const auto id = app.state.work->id.value;
    app.fetched(1);
    EXPECT_EQ(Outcome::failed, app.outcome(id));
    EXPECT_TRUE(app.push(2).accepted);
}

TEST_F(Promoted, AnOperatorNeedsForce) {
    const Answer refused = app.deploy(2);
    EXPECT_FALSE(refused.accepted);
    EXPECT_NE(std::string::npos, refused.reason.find("use --force")) << refused.reason;
    EXPECT_FALSE(app.state.waits_for) << "nobody waits for what an operator asked";
    EXPECT_TRUE(app.deploy().accepted) << "the tip is known when it is fetched";
    const auto id = app.state.work->id.value;
    app.fetched(2);
    EXPECT_EQ(Outcome::cancelled, app.outcome(id));
    EXPECT_NE(std::string::npos, app.reason(id).find("use --force")) << app.reason(id);
    EXPECT_TRUE(app.deploy(2, true).accepted);
    app.fetched(2);
    EXPECT_EQ(Phase::building, app.state.work->phase);
}

TEST_F(Promoted, AnOperatorsRefusedDeployLosesNothingThatIsProved) {
    becomes_good(2, 20min);
    due();
    ASSERT_TRUE(app.state.work);
    app.deploy();
    app.fetched(3);
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(Trigger::promote, app.state.work->request.trigger);
    EXPECT_EQ(commit(2), app.state.work->request.commit);
}

TEST_F(Promoted, ProofThatIsLostBeforeTheStartCounts) {
    for (const bool while_building : {false, true}) {
        becomes_good(2, 20min);
        due();
        ASSERT_TRUE(app.state.work);
        if (while_building) app.fetched(2);
        goes_into_quarantine(2);
        if (while_building) {
            app.built();
        } else {
            app.fetched(2);
        }
        EXPECT_FALSE(app.state.work);
        EXPECT_EQ(commit(1), app.state.live);
        staging.bad.clear();  // and it is good there anew, in the next round
    }
}

TEST_F(Promoted, OfSeveralTheOneThatLostItsProofIsLeftOut) {
    becomes_good(2, 30min);
    becomes_good(3, 20min);
    due();
    goes_into_quarantine(3);
    app.fetched(3);
    ASSERT_TRUE(app.state.work) << "fetched again, for the others";
    app.fetched(3);
    EXPECT_EQ(commit(2), app.state.work->commit);
    EXPECT_EQ(Phase::building, app.state.work->phase);
}

TEST_F(Promoted, ADeliveryIsToldThatItsProofWasLost) {
    becomes_good(2, 20min);
    const Answer pushed = app.push(2);
    ASSERT_TRUE(pushed.accepted);
    goes_into_quarantine(2);
    app.fetched(2);
    EXPECT_EQ(Outcome::cancelled, app.outcome(pushed.deployment.value));
    const auto redecided = app.recorded<DeliveryRedecided>();
    ASSERT_EQ(1U, redecided.size());
    EXPECT_EQ("d2", redecided[0].delivery);
    EXPECT_EQ("ignored", redecided[0].decision);
    EXPECT_NE(std::string::npos, redecided[0].reason.find("in quarantine there"));
}

TEST_F(Promoted, APushIsNoReasonToForgetANewerProvedCommit) {
    becomes_good(2, 30min);
    becomes_good(3, 20min);
    EXPECT_TRUE(app.push(2).accepted);
    due();
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(commit(3), app.state.work->request.commit);
    app.fetched(3);
    EXPECT_EQ(commit(3), app.the<DoBuild>().commit);
}

// The branch doesn't hold the newer one.
TEST_F(Promoted, APushThatANewerProvedCommitTookThePlaceOfIsCarriedOutAfterAll) {
    becomes_good(2, 30min);
    EXPECT_TRUE(app.push(2).accepted);
    becomes_good(3, 20min);
    due();
    const auto promoted = app.state.work->id.value;
    EXPECT_EQ((std::vector{commit(3), commit(2)}), app.the<DoFetch>().candidates);
    app.fetched(2);
    EXPECT_EQ(Outcome::superseded, app.outcome(promoted));
    EXPECT_EQ(commit(2), app.the<DoBuild>().commit);
    EXPECT_EQ("d2", app.state.work->request.delivery);
}

TEST_F(Promoted, WhatIsLiveStaysWhenItIsRolledBackThereLater) {
    becomes_good(2, 20min);
    due();
    app.fetched(2);
    app.built();
    app.ready(other(app.state.active));
    app.end_probation();
    goes_into_quarantine(2);
    due();
    EXPECT_EQ(commit(2), app.state.live);
    const std::string trouble = promotion_trouble(app.state, *app.settings.promotion, staging);
    EXPECT_NE(std::string::npos, trouble.find("is in quarantine at staging: rolled back by ann"));
}

TEST_F(Promoted, ARollbackHereIsNotFought) {
    becomes_good(2, 30min);
    becomes_good(3, 20min);
    due();
    app.fetched(3);
    app.built();
    app.ready(other(app.state.active));
    app(RollbackAsked{{}, "ann"});
    EXPECT_EQ(commit(1), app.state.live);
    app.stopped(other(app.state.active));
    due();
    app(PollSaw{commit(3)});
    EXPECT_FALSE(app.state.work) << "neither 3 nor the older 2";
    becomes_good(4, 10min);
    due();
    ASSERT_TRUE(app.state.work);
    EXPECT_EQ(commit(4), app.state.work->request.commit);
}

TEST_F(Promoted, AFailedBuildIsNotRepeated) {
    becomes_good(2, 20min);
    app.push(2);
    app.fetched(2);
    app.build_fails();
    due();
    app(PollSaw{commit(2)});
    EXPECT_FALSE(app.state.work);
}

TEST_F(Promoted, PausedAndStoppedBindItAndNothingIsLost) {
    app(PauseAsked{});
    becomes_good(2, 20min);
    due();
    EXPECT_FALSE(app.state.work);
    app(ResumeAsked{});
    EXPECT_TRUE(app.did<PollNow>());
    app(PollSaw{commit(2)});
    EXPECT_TRUE(app.state.work);
}

TEST_F(Promoted, AFetchThatFailedForGoodIsTriedAtTheNextLook) {
    becomes_good(2, 20min);
    due();
    app.fetch_fails(true);
    EXPECT_FALSE(app.state.work);
    app(PollSaw{commit(2)});
    EXPECT_TRUE(app.state.work);
}

TEST_F(Promoted, NothingIsProvedWhereNothingIsKnown) {
    app.promoted_from = nullptr;
    becomes_good(2, 1h);
    EXPECT_FALSE(app.push(2).accepted);
    due();
    EXPECT_FALSE(app.state.work);
}

TEST_F(Promoted, WishesInOneBurstStayBounded) {
    for (int i = 2; i < 300; ++i) becomes_good(i, 1h);
    due();
    app.push(250);
    app.push(260);
    app.push(5);  // proved so long ago that it is not among the newest
    EXPECT_EQ(commit(5), app.state.work->request.commit);
    EXPECT_EQ(app.state.work->request.over.size(), limits::kCandidatesMax - 1);
}

// ---- how commits stand at the other app
TEST(Standing, WhatWasFreedFromQuarantineProvesNothingUntilItIsGoodAnew) {
    AppDriver other = with_good(1);
    other.bring_to_good(2);
    other(RollbackAsked{{}, "ann"});
    other.ready(lastgood::other(other.state.active));
    other.stopped(lastgood::other(other.state.active));
    const std::vector<Standing::Good> rows = {{commit(2), other.now}, {commit(1), other.now}};
    const auto proves = [&](int number) {
        const Standing standing = standing_of(other.state, rows);
        return why_unproved({"staging", Millis(0)}, standing, commit(number), other.now).empty();
    };
    EXPECT_FALSE(proves(2));
    other(QuarantineReleaseAsked{commit(2)});
    EXPECT_FALSE(proves(2));
    EXPECT_TRUE(proves(1));
    other.deploy(2);
    other.fetched(2);
    other.built();
    other.ready(lastgood::other(other.state.active));
    EXPECT_FALSE(proves(2)) << "it is judged once more";
    other.end_probation();
    EXPECT_TRUE(proves(2));
}

TEST(Standing, TellsWhenTheNextCommitIsProved) {
    const Instant now{Millis(100'000'000)};
    const Promotion promotion{"staging", 10min};
    Standing standing;
    EXPECT_FALSE(next_proof(promotion, standing, now));
    standing.good = {{commit(3), now - 2min}, {commit(2), now - 9min}, {commit(1), now - 1h}};
    EXPECT_EQ(Millis(1min), next_proof(promotion, standing, now));
    EXPECT_EQ(std::vector<CommitId>{commit(1)}, proved_commits(promotion, standing, now));
    // The clock was set back between them.
    standing.good = {{commit(3), now - 9min}, {commit(2), now - 2min}};
    EXPECT_EQ(Millis(1min), next_proof(promotion, standing, now));
}

TEST_F(Promoted, NothingIsNotedOfWhatIsProvedOrUnknown) {
    becomes_good(2, 1h);
    EXPECT_EQ("", note());
    staging.good.clear();
    EXPECT_EQ("", note());
}

TEST_F(Promoted, WhatStillRipensIsNotedWhereNothingElseWaits) {
    app.push(2);
    becomes_good(2, 1h);
    becomes_good(3, 4min);
    EXPECT_EQ("commit 3aaaaaa waits for staging: good there for 4m 0s of 10m 0s", note());
}

TEST_F(Promoted, OnlyWhatIsBadThereIsTrouble) {
    const auto trouble = [&] {
        return promotion_trouble(app.state, *app.settings.promotion, staging);
    };
    EXPECT_EQ("", promotion_trouble(AppState{}, *app.settings.promotion, staging));
    EXPECT_EQ("", trouble());
    app.deploy(2, true);
    app.fetched(2);
    app.built();
    app.ready(other(app.state.active));
    EXPECT_EQ("", trouble());
    app.exits(app.state.active);  // users are on 1, and 2 is tried again
    goes_into_quarantine(2);
    EXPECT_EQ(0U, trouble().find("commit 2aaaaaa, which is live here, is in quarantine at staging"))
        << trouble();
}

}  // namespace
}  // namespace lastgood::core
