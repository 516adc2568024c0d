// Deployments and deliveries: what becomes of records, and how they are found again.
#include "store/world.h"

namespace lastgood::store {
namespace {

using namespace core;

Request request(Trigger trigger = Trigger::webhook) {
    Request out;
    out.trigger = trigger;
    out.delivery = "d-1";
    out.by = "ann";
    return out;
}

class HistoryTest : public JournalTest {
  protected:
    void queue(std::int64_t id, const std::optional<CommitId>& wanted,
               const AppName& name = app()) {
        Request wish = request();
        wish.commit = wanted;
        save({DeploymentQueued{DeploymentId{id}, wish}}, at(id), name);
    }
    DeploymentRow row(std::int64_t id) {
        auto found = journal_->deployment(DeploymentId{id});
        EXPECT_TRUE(found && *found);
        return **found;
    }
};

TEST_F(HistoryTest, ShowsADeploymentThatGoesOnWithWhatIsKnown) {
    queue(1, std::nullopt);
    const DeploymentRow row = this->row(1);
    EXPECT_EQ(row.app, "backend");
    EXPECT_EQ(row.commit, "");
    EXPECT_EQ(row.trigger, "webhook");
    EXPECT_EQ(row.phase, "queued");
    EXPECT_EQ(row.outcome, "");
    EXPECT_EQ(row.delivery, "d-1");
    EXPECT_EQ(row.by, "ann");
    EXPECT_EQ(row.started_at, at(1));
    EXPECT_FALSE(row.finished_at || row.fetching || row.building || row.starting || row.probation);
    EXPECT_FALSE(journal_->deployment(DeploymentId{2})->has_value());
    EXPECT_EQ(*journal_->next_deployment_id(), 2);
}

TEST_F(HistoryTest, KnowsWhenEachCommitBecameGoodLast) {
    const auto deploy = [this](std::int64_t id, char letter, Outcome outcome, bool on_trial,
                               const AppName& name = app()) {
        queue(id, commit(letter), name);
        const Phase phase = on_trial ? Phase::probation : Phase::fetching;
        save({DeploymentMoved{DeploymentId{id}, phase, commit(letter)}}, at(id * 100), name);
        save({DeploymentEnded{DeploymentId{id}, outcome, "why"}}, at(id * 100 + 50), name);
    };
    deploy(1, 'a', Outcome::good, true);
    deploy(2, 'b', Outcome::good, true);
    deploy(3, 'c', Outcome::rolled_back, true);
    deploy(4, 'a', Outcome::good, true);
    deploy(5, 'b', Outcome::good, false);  // it was live already
    deploy(6, 'd', Outcome::good, true, app("other"));
    const auto rows = journal_->became_good(app(), 100);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[0].commit, commit('a').hex());
    EXPECT_EQ((*rows)[0].at, at(450));
    EXPECT_EQ((*rows)[1].commit, commit('b').hex());
    EXPECT_EQ((*rows)[1].at, at(250));
    EXPECT_EQ(journal_->became_good(app(), 2)->size(), 1U) << "of the newest deployments";
}

TEST_F(HistoryTest, MeasuresEachPhaseByTheTimesOfItsRecords) {
    const DeploymentId id{1};
    save({DeploymentQueued{id, request()}}, at(0));
    save({DeploymentMoved{id, Phase::fetching, std::nullopt}}, at(50));
    save({DeploymentMoved{id, Phase::building, commit('a')}}, at(150));
    ASSERT_TRUE(journal_->begin_release(app(), commit('a')));
    ASSERT_TRUE(journal_->release_built(app(), commit('a'), {"Add x", "Ann", ""}));
    save({DeploymentMoved{id, Phase::starting, std::nullopt}}, at(1150));
    reopen();
    save({DeploymentMoved{id, Phase::probation, std::nullopt}}, at(1200));
    EXPECT_EQ(row(1).phase, "probation");
    EXPECT_FALSE(row(1).probation);
    save({DeploymentEnded{id, Outcome::rolled_back, "crashed"}}, at(5000));
    const DeploymentRow row = this->row(1);
    EXPECT_EQ(row.commit, commit('a').hex());
    EXPECT_EQ(row.subject, "Add x");
    EXPECT_EQ(row.author, "Ann");
    EXPECT_EQ(row.outcome, "rolled_back");
    EXPECT_EQ(row.reason, "crashed");
    EXPECT_EQ(row.started_at, at(0));
    EXPECT_EQ(row.finished_at, at(5000));
    EXPECT_EQ(row.fetching, Millis(100));
    EXPECT_EQ(row.building, Millis(1000));
    EXPECT_EQ(row.starting, Millis(50));
    EXPECT_EQ(row.probation, Millis(3800));
}

TEST_F(HistoryTest, AddsUpAPhaseThatCameTwiceAndLeavesOutOneThatNeverCame) {
    const DeploymentId id{1};
    save({DeploymentQueued{id, request()}}, at(0));
    save({DeploymentMoved{id, Phase::fetching, std::nullopt}}, at(0));
    save({DeploymentMoved{id, Phase::building, std::nullopt}}, at(10));
    save({DeploymentMoved{id, Phase::fetching, std::nullopt}}, at(20));
    save({DeploymentEnded{id, Outcome::failed, "no branch"}}, at(27));
    EXPECT_EQ(row(1).fetching, Millis(17));
    EXPECT_EQ(row(1).building, Millis(10));
    EXPECT_FALSE(row(1).starting || row(1).probation);
}

TEST_F(HistoryTest, CountsNoTimeBelowZeroWhenTheWallClockIsSetBack) {
    const DeploymentId id{1};
    save({DeploymentQueued{id, request()}}, at(0));
    save({DeploymentMoved{id, Phase::fetching, std::nullopt}}, at(1000));
    save({DeploymentMoved{id, Phase::building, std::nullopt}}, at(-50'000));
    EXPECT_EQ(row(1).fetching, Millis(0));
}

TEST_F(HistoryTest, ListsDeploymentsNewestFirst) {
    queue(1, commit('a'));
    queue(2, commit('b'), app("other"));
    queue(3, commit('c'));
    const auto ids = [&](const std::optional<std::string>& name, int count) {
        std::vector<std::int64_t> out;
        const auto rows = journal_->deployments(name, count);
        for (const auto& row : *rows) out.push_back(row.id.value);
        return out;
    };
    using Ids = std::vector<std::int64_t>;
    EXPECT_EQ(ids(std::nullopt, 10), (Ids{3, 2, 1}));
    EXPECT_EQ(ids(std::nullopt, 2), (Ids{3, 2}));
    EXPECT_EQ(ids("backend", 10), (Ids{3, 1}));
    EXPECT_EQ(ids("nobody", 10), Ids{});
    EXPECT_EQ(*journal_->next_deployment_id(), 4);
}

TEST_F(HistoryTest, FindsTheNewestDeploymentOfACommit) {
    queue(1, commit('a'));
    queue(2, commit('a'));
    queue(3, commit('a'), app("other"));
    queue(4, commit('b'));
    EXPECT_EQ((*journal_->newest_of(app(), commit('a')))->id.value, 2);
    EXPECT_FALSE(journal_->newest_of(app(), commit('c'))->has_value());
}

TEST_F(HistoryTest, FindsFullIdsByTheirBeginningInTheAppAlone) {
    const auto ab1 = CommitId::parse("ab1" + std::string(37, '0'));
    const auto ab2 = CommitId::parse("ab2" + std::string(37, '0'));
    queue(1, ab1);
    queue(2, ab1);
    queue(3, ab2);
    queue(4, CommitId::parse("ab3" + std::string(37, '0')));
    queue(5, commit('c'), app("other"));
    const auto found = [&](const std::string& digits) {
        return *journal_->commits_beginning(app(), digits);
    };
    EXPECT_EQ(found("ab1"), std::vector<std::string>{ab1->hex()});
    EXPECT_EQ(found(ab2->hex()), std::vector<std::string>{ab2->hex()});
    EXPECT_EQ(found("ab").size(), 2U) << "enough to see that it is ambiguous";
    EXPECT_TRUE(found("cc").empty());
    EXPECT_TRUE(found("%").empty());
    EXPECT_TRUE(found("ab1%' OR 1 --").empty());
}

TEST_F(HistoryTest, TakesADeliveryOnceForEachAppAndForge) {
    EXPECT_FALSE(*journal_->has_delivery(delivery("d-1")));
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
    EXPECT_TRUE(*journal_->has_delivery(delivery("d-1")));
    EXPECT_FALSE(journal_->add_delivery(delivery("d-1")));

    DeliveryRow gitlab = delivery("d-1");
    gitlab.provider = "gitlab";
    EXPECT_FALSE(*journal_->has_delivery(gitlab));
    EXPECT_TRUE(journal_->add_delivery(gitlab));
    EXPECT_TRUE(journal_->add_delivery(delivery("d-1", "other")));
    EXPECT_FALSE(*journal_->has_delivery(delivery("D-1"))) << "ids are compared as they are";
    reopen();
    EXPECT_TRUE(*journal_->has_delivery(delivery("d-1")));
    EXPECT_EQ(journal_->find_delivery("d-1")->size(), 3U);
}

TEST_F(HistoryTest, GivesADeliveryBackAsItWas) {
    const DeliveryRow sent = {"id'; --",      "gitlab",          "Push Hook", "backend",
                              "refs/heads/ä", commit('a').hex(), "ignored",   "other branch",
                              at(-3),         25ULL << 20};
    ASSERT_TRUE(journal_->add_delivery(sent));
    reopen();
    const auto rows = journal_->find_delivery(sent.id);
    ASSERT_EQ(rows->size(), 1U);
    const DeliveryRow& row = rows->front();
    EXPECT_EQ(row.id, sent.id);
    EXPECT_EQ(row.provider, sent.provider);
    EXPECT_EQ(row.event, sent.event);
    EXPECT_EQ(row.app, sent.app);
    EXPECT_EQ(row.ref, sent.ref);
    EXPECT_EQ(row.commit, sent.commit);
    EXPECT_EQ(row.decision, sent.decision);
    EXPECT_EQ(row.reason, sent.reason);
    EXPECT_EQ(row.received_at, sent.received_at);
    EXPECT_EQ(row.bytes, sent.bytes);
}

TEST_F(HistoryTest, ListsDeliveriesInTheOrderOfArrivalNewestFirst) {
    for (const char* id : {"z", "a", "m"}) ASSERT_TRUE(journal_->add_delivery(delivery(id)));
    ASSERT_TRUE(journal_->add_delivery(delivery("o", "other")));
    const auto ids = [&](const std::optional<std::string>& name, int count) {
        std::string out;
        const auto rows = journal_->deliveries(name, count);
        for (const auto& row : *rows) out += row.id;
        return out;
    };
    EXPECT_EQ(ids(std::nullopt, 10), "omaz");
    EXPECT_EQ(ids("backend", 2), "ma");
}

TEST_F(HistoryTest, CorrectsADecisionOnceMoreIsKnown) {
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1", "other")));
    save({DeliveryRedecided{"d-1", "stale", "older than live"}});
    EXPECT_EQ(journal_->deliveries("backend", 1)->front().decision, "stale");
    EXPECT_EQ(journal_->deliveries("backend", 1)->front().reason, "older than live");
    EXPECT_EQ(journal_->deliveries("other", 1)->front().decision, "deploy");
}

}  // namespace
}  // namespace lastgood::store
