// Messages on their way, on a real file.
#include <algorithm>

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "lastgood/base/limits.h"
#include "lastgood/store/journal.h"

namespace lastgood::store {
namespace {

class OutboxTest : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void open() {
        journal_.reset();
        auto opened = Journal::open(folder_.path() + "/lastgood.db");
        ASSERT_TRUE(opened) << opened.error().text();
        journal_ = std::move(*opened);
    }
    bool add(const std::string& id, const std::string& target = "slack") {
        OutboxRow row;
        row.id = id;
        row.app = "backend";
        row.target = target;
        row.event = "good";
        row.message = "{}";
        row.made_at = row.due_at = WallTime(Millis(1'000));
        const auto added = journal_->add_message(row);
        EXPECT_TRUE(added);
        return added && *added;
    }
    std::vector<std::string> next() {
        std::vector<std::string> ids;
        const auto rows = journal_->next_messages();
        EXPECT_TRUE(rows);
        for (const auto& row : *rows) ids.push_back(row.target + " " + row.id);
        std::sort(ids.begin(), ids.end());
        return ids;
    }
    OutboxRow head() { return journal_->next_messages()->at(0); }

    test::TempDir folder_;
    std::unique_ptr<Journal> journal_;
};

using Ids = std::vector<std::string>;

TEST_F(OutboxTest, GivesTheOldestOfEachTarget) {
    add("1");
    add("2");
    add("2", "email");
    EXPECT_EQ(next(), (Ids{"email 2", "slack 1"}));
    open();
    EXPECT_EQ(next(), (Ids{"email 2", "slack 1"}));
    ASSERT_TRUE(journal_->message_ended(journal_->messages(10)->at(1), true, {}, wall_now()));
    EXPECT_EQ(next(), (Ids{"email 2", "slack 2"}));
}

TEST_F(OutboxTest, TakesAMessageOnce) {
    add("1");
    add("1");
    EXPECT_EQ(journal_->messages(10)->size(), 1U);
}

TEST_F(OutboxTest, RemembersAttempts) {
    add("1");
    ASSERT_TRUE(journal_->message_failed(head().seq, 3, WallTime(Millis(9'000)), "no route"));
    open();
    EXPECT_EQ(head().tries, 3);
    EXPECT_EQ(head().failure, "no route");
    EXPECT_EQ(head().due_at, WallTime(Millis(9'000)));
}

TEST_F(OutboxTest, TalliesHowEachTargetDid) {
    add("1");
    add("2");
    add("3");
    ASSERT_TRUE(journal_->message_ended(head(), true, {}, WallTime(Millis(5'000))));
    ASSERT_TRUE(journal_->message_ended(head(), false, "it answered 410", WallTime(Millis(6'000))));
    const auto tallies = journal_->message_tallies();
    ASSERT_TRUE(tallies);
    ASSERT_EQ(tallies->size(), 1U);
    const OutboxTally& tally = tallies->front();
    EXPECT_EQ(tally.waiting, 1);
    EXPECT_EQ(tally.delivered, 1);
    EXPECT_EQ(tally.given_up, 1);
    EXPECT_FALSE(tally.last_delivered);
    EXPECT_EQ(tally.last_detail, "it answered 410");
    EXPECT_EQ(tally.last_at, WallTime(Millis(6'000)));
}

TEST_F(OutboxTest, GivesTheOldestUpWhenTooManyWait) {
    ASSERT_TRUE(journal_->begin_batch());
    for (std::size_t i = 0; i < limits::kNoticesPerTargetMax; ++i) {
        EXPECT_FALSE(add(std::to_string(i)));
    }
    EXPECT_FALSE(add("of another", "email"));
    EXPECT_TRUE(add("one more"));
    ASSERT_TRUE(journal_->commit_batch());
    EXPECT_EQ(head().id, "1");
    EXPECT_EQ(journal_->message_tallies()->at(1).given_up, 1);
}

TEST_F(OutboxTest, GoesWithTheTransactionThatItIsIn) {
    ASSERT_TRUE(journal_->begin_batch());
    add("1");
    journal_->abort_batch();
    EXPECT_EQ(next(), Ids{});
}

}  // namespace
}  // namespace lastgood::store
