// A journal in a temporary folder, and short names for what goes into it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/temp_dir.h"
#include "lastgood/store/database.h"
#include "lastgood/store/journal.h"

namespace lastgood::store {

// The commit with this digit throughout.
inline CommitId commit(char digit) {
    return *CommitId::parse(std::string(40, digit));
}

inline AppName app(const std::string& name = "backend") {
    return *AppName::parse(name);
}

inline WallTime at(std::int64_t ms) {
    return WallTime(Millis(1'777'636'800'000 + ms));
}

inline DeliveryRow delivery(const std::string& id, const std::string& app = "backend") {
    return {id,       "github", "push", app,   "refs/heads/main", std::string(40, 'a'),
            "deploy", "",       at(7),  12'345};
}

inline std::unique_ptr<Journal> open_journal(const std::string& path) {
    auto journal = Journal::open(path);
    if (!journal) {
        ADD_FAILURE() << journal.error().text();
        return nullptr;
    }
    return std::move(*journal);
}

class JournalTest : public testing::Test {
  protected:
    void SetUp() override { reopen(); }
    void reopen() {
        journal_.reset();
        journal_ = open_journal(path());
        ASSERT_TRUE(journal_);
    }
    [[nodiscard]] std::string path() const { return dir_ / "lastgood.db"; }
    // Another process's connection to the same file.
    [[nodiscard]] std::unique_ptr<Database> second() const {
        auto database = Database::open(path());
        EXPECT_TRUE(database);
        return std::move(*database);
    }
    void save(const std::vector<core::Record>& records, WallTime now = at(0),
              const AppName& name = app()) {
        auto saved = journal_->save(name, {}, records, now);
        EXPECT_TRUE(saved) << saved.error().text();
    }

    test::TempDir dir_;
    std::unique_ptr<Journal> journal_;
};

}  // namespace lastgood::store
