// What the power's end leaves of the last pages: cut off, or garbled, at any byte.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "lastgood/base/random.h"
#include "store/world.h"

namespace lastgood::store {
namespace {

class TornWriteTest : public JournalTest {
  protected:
    // The files as they are now, with the end of the log torn. Gives back how many bytes of it
    // stayed whole.
    std::uintmax_t tear(const std::string& to, Random& random) const {
        std::filesystem::copy_file(path(), to);
        std::filesystem::copy_file(path() + "-wal", to + "-wal");
        const auto size = std::filesystem::file_size(to + "-wal");
        const auto whole = size - random.below(std::min<std::uintmax_t>(size, 20'000) + 1);
        if (random.chance(50)) {
            std::filesystem::resize_file(to + "-wal", whole);
            return whole;
        }
        std::fstream log(to + "-wal", std::ios::in | std::ios::out | std::ios::binary);
        log.seekp(static_cast<std::streamoff>(whole));
        for (auto at = whole; at < size; ++at) log.put(static_cast<char>(random.below(256)));
        return whole;
    }
};

TEST_F(TornWriteTest, LosesWholeTransactionsAndNothingThatWasWrittenBeforeThem) {
    Random random(1);
    std::vector<std::uintmax_t> log_sizes;  // after each transaction
    for (int i = 1; i <= 20; ++i) {
        core::AppState state;
        state.runs = static_cast<std::uint64_t>(i);
        const std::string digits = std::to_string(i);
        const auto bad = *CommitId::parse(digits + std::string(40 - digits.size(), 'a'));
        ASSERT_TRUE(journal_->save(app(), state, {core::Quarantined{bad, "bad"}}, at(i)));
        log_sizes.push_back(std::filesystem::file_size(path() + "-wal"));
        for (int times = 0; times < 5; ++times) {
            const std::string copy = dir_ / ("torn" + std::to_string(i * 10 + times) + ".db");
            const auto whole = tear(copy, random);
            const auto read = open_journal(copy);
            ASSERT_TRUE(read);
            const auto loaded = read->load(app());
            ASSERT_TRUE(loaded);
            // State and records of the same transactions,
            EXPECT_EQ(loaded->runs, loaded->quarantine.size());
            // and of all that were whole.
            const auto kept = std::count_if(log_sizes.begin(), log_sizes.end(),
                                            [whole](auto end) { return end <= whole; });
            EXPECT_LE(static_cast<std::uint64_t>(kept), loaded->runs);
        }
    }
}

}  // namespace
}  // namespace lastgood::store
