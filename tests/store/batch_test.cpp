// Batches, and a database that is locked or whose transaction breaks in the middle.
#include "store/world.h"

namespace lastgood::store {
namespace {

using namespace core;

class BatchTest : public JournalTest {
  protected:
    // What another process would see: what has reached the file.
    [[nodiscard]] std::int64_t stored(const std::string& table) const {
        auto database = second();
        auto count = database->prepare("SELECT count(*) FROM " + table);
        EXPECT_TRUE(count && *count->next());
        return count->number(0);
    }
};

TEST_F(BatchTest, ReachesTheFileWholeWithTheCommit) {
    ASSERT_TRUE(journal_->begin_batch());
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
    save({DeploymentQueued{DeploymentId{1}, {}}});  // nested
    ASSERT_TRUE(journal_->add_delivery(delivery("d-2")));
    EXPECT_TRUE(*journal_->has_delivery(delivery("d-1"))) << "seen by ourselves";
    EXPECT_EQ(stored("deliveries"), 0);
    EXPECT_EQ(stored("deployments"), 0);
    ASSERT_TRUE(journal_->commit_batch());
    EXPECT_EQ(stored("deliveries"), 2);
    EXPECT_EQ(stored("deployments"), 1);
}

TEST_F(BatchTest, LeavesNothingWhenItIsAborted) {
    ASSERT_TRUE(journal_->begin_batch());
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
    save({DeploymentQueued{DeploymentId{1}, {}}});
    journal_->abort_batch();
    EXPECT_EQ(stored("deliveries"), 0);
    EXPECT_EQ(stored("deployments"), 0);
    EXPECT_FALSE(*journal_->has_delivery(delivery("d-1")));
    // The next one is not hurt, and calls without a batch are durable by themselves.
    ASSERT_TRUE(journal_->begin_batch());
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
    ASSERT_TRUE(journal_->commit_batch());
    ASSERT_TRUE(journal_->add_delivery(delivery("d-2")));
    EXPECT_EQ(stored("deliveries"), 2);
}

TEST_F(BatchTest, WritesNothingAfterASaveInItFailed) {
    // Written by itself, the later delivery would be taken for a duplicate when it is sent again.
    for (const char* how : {"ABORT", "ROLLBACK"}) {
        ASSERT_TRUE(second()->execute(
            std::string("DROP TRIGGER IF EXISTS refuse; CREATE TRIGGER refuse BEFORE INSERT ON "
                        "quarantine BEGIN SELECT RAISE(") +
            how + ", 'no'); END"));
        ASSERT_TRUE(journal_->begin_batch());
        ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
        EXPECT_FALSE(journal_->save(app(), {}, {Quarantined{commit('a'), "x"}}, at(0)));
        EXPECT_FALSE(journal_->add_delivery(delivery("d-2"))) << how;
        EXPECT_FALSE(journal_->has_delivery(delivery("d-3"))) << how;
        EXPECT_FALSE(journal_->save(app(), {}, {DeploymentQueued{DeploymentId{1}, {}}}, at(0)));
        EXPECT_FALSE(journal_->commit_batch()) << how;
        journal_->abort_batch();
        EXPECT_EQ(stored("deliveries"), 0) << how;
        EXPECT_EQ(stored("deployments"), 0) << how;
        EXPECT_EQ(stored("apps"), 0) << how;
    }
    EXPECT_TRUE(journal_->begin_batch());
    EXPECT_TRUE(journal_->add_delivery(delivery("d-2")));
    EXPECT_TRUE(journal_->commit_batch());
    EXPECT_EQ(stored("deliveries"), 1);
}

TEST_F(BatchTest, LivesOnAfterOneStatementOfItWasRefused) {
    ASSERT_TRUE(journal_->begin_batch());
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
    EXPECT_FALSE(journal_->add_delivery(delivery("d-1")));
    ASSERT_TRUE(journal_->add_delivery(delivery("d-2")));
    ASSERT_TRUE(journal_->commit_batch());
    EXPECT_EQ(stored("deliveries"), 2);
}

TEST_F(BatchTest, IsAnErrorWhileAnotherHoldsTheFileAndWorksLater) {
    ASSERT_TRUE(journal_->add_delivery(delivery("before")));
    const auto other = second();
    ASSERT_TRUE(other->begin());
    auto refused = journal_->add_delivery(delivery("d-1"));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("locked"), std::string::npos) << refused.error().what;
    EXPECT_FALSE(journal_->begin_batch());
    EXPECT_FALSE(journal_->save(app(), {}, {}, at(0)));
    EXPECT_FALSE(journal_->probe());
    EXPECT_TRUE(*journal_->has_delivery(delivery("before"))) << "reading goes on";
    other->roll_back();
    EXPECT_TRUE(journal_->probe());
    EXPECT_TRUE(journal_->begin_batch());
    EXPECT_TRUE(journal_->add_delivery(delivery("d-1")));
    EXPECT_TRUE(journal_->save(app(), {}, {}, at(0)));
    EXPECT_TRUE(journal_->commit_batch());
    EXPECT_EQ(stored("deliveries"), 2);
}

TEST_F(BatchTest, BindsValuesAsTheyAre) {
    const auto database = second();
    auto values = database->prepare("SELECT ?, ?, ?, ?, typeof(?), ?");
    ASSERT_TRUE(values);
    values->bind(std::string_view("a\0b", 3)).bind(std::int64_t{-1} << 63).bind(std::nullopt);
    values->bind(std::optional<std::string>("x")).bind(std::string_view());
    values->bind(std::optional<std::string>());
    ASSERT_TRUE(*values->next());
    EXPECT_EQ(values->text(0), std::string("a\0b", 3));
    EXPECT_EQ(values->number(1), std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(values->is_null(2));
    EXPECT_EQ(values->text(3), "x");
    EXPECT_EQ(values->text(4), "text") << "empty is not NULL";
    EXPECT_TRUE(values->is_null(5));
    EXPECT_FALSE(database->prepare("SELECT nonsense FROM"));
    auto one = database->prepare("SELECT ?");
    EXPECT_FALSE(one->bind(std::int64_t{1}).bind(std::int64_t{2}).next()) << "one too many";
}

}  // namespace
}  // namespace lastgood::store
