// A disk that fills up under the journal: a small tmpfs, in a mount namespace of this process.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstring>

#include "lastgood/base/sys/fd.h"
#include "store/world.h"

namespace lastgood::store {
namespace {

class FullDiskTest : public testing::Test {
  protected:
    void SetUp() override {
        // Private, so that nothing of it is left outside, however this process ends.
        if (unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=2m") != 0) {
            GTEST_SKIP() << "no small file system can be mounted here: " << std::strerror(errno);
        }
        mounted_ = true;
        journal_ = open_journal(dir_ / "lastgood.db");
        ASSERT_TRUE(journal_);
    }
    void TearDown() override {
        journal_.reset();
        if (mounted_) umount2(dir_.path().c_str(), MNT_DETACH);
    }

    void fill() {
        const sys::Fd file(open((dir_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
        const std::string block(4096, 'f');
        while (write(file.get(), block.data(), block.size()) > 0) {
        }
        ASSERT_EQ(errno, ENOSPC);
    }
    void free_space() { ASSERT_EQ(unlink((dir_ / "filler").c_str()), 0); }

    // Until one is refused; how many were taken. A few may fit into what the files hold already.
    int add_until_refused() {
        for (int i = 0; i < 10'000; ++i) {
            if (!journal_->add_delivery(large("d-" + std::to_string(i)))) return i;
        }
        ADD_FAILURE() << "the disk was never full";
        return 10'000;
    }
    static DeliveryRow large(const std::string& id) {
        DeliveryRow row = delivery(id);
        row.reason = std::string(2000, 'r');
        return row;
    }
    std::size_t count() { return journal_->deliveries(std::nullopt, 20'000)->size(); }

    test::TempDir dir_;
    bool mounted_ = false;
    std::unique_ptr<Journal> journal_;
};

TEST_F(FullDiskTest, IsAnErrorLosesNothingAndIsOverWhenSpaceIsFreed) {
    ASSERT_TRUE(journal_->add_delivery(delivery("before")));
    fill();
    const auto taken = static_cast<std::size_t>(add_until_refused());
    auto refused = journal_->add_delivery(large("refused"));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("full"), std::string::npos) << refused.error().what;
    EXPECT_EQ(count(), 1 + taken) << "what was taken, and not what was refused";
    EXPECT_FALSE(*journal_->has_delivery(large("refused")));

    free_space();
    ASSERT_TRUE(journal_->probe());
    ASSERT_TRUE(journal_->add_delivery(large("refused")));
    ASSERT_TRUE(journal_->save(app(), {}, {core::Quarantined{commit('a'), "bad"}}, at(0)));
    journal_ = nullptr;
    journal_ = open_journal(dir_ / "lastgood.db");
    ASSERT_TRUE(journal_);
    EXPECT_EQ(count(), 2 + taken);
    EXPECT_TRUE(*journal_->has_delivery(delivery("before")));
    EXPECT_EQ(journal_->load(app())->quarantine.size(), 1U);
}

TEST_F(FullDiskTest, TakesABatchWholeOrNotAtAll) {
    ASSERT_TRUE(journal_->add_delivery(delivery("before")));
    fill();
    ASSERT_TRUE(journal_->begin_batch());
    bool failed = false;
    for (int i = 0; i < 2000; ++i) {
        const bool added = journal_->add_delivery(large("d-" + std::to_string(i))).ok();
        const bool saved =
            journal_->save(app(), {}, {core::DeploymentQueued{DeploymentId{i + 1}, {}}}, at(0))
                .ok();
        failed = failed || !added || !saved;
    }
    // It all fits into memory until the commit, or has failed on the way.
    EXPECT_TRUE(!journal_->commit_batch() || failed);
    journal_->abort_batch();
    EXPECT_EQ(count(), 1U);
    EXPECT_TRUE(journal_->deployments(std::nullopt, 10)->empty());

    free_space();
    ASSERT_TRUE(journal_->begin_batch());
    ASSERT_TRUE(journal_->add_delivery(large("d-0")));
    ASSERT_TRUE(journal_->commit_batch());
    EXPECT_EQ(count(), 2U);
}

}  // namespace
}  // namespace lastgood::store
