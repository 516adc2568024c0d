#include "daemon/crash_book.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "lastgood/base/limits.h"

namespace lastgood::daemon {
namespace {

const AppName kApp = *AppName::parse("backend");

control::Crash crash(int number) {
    return {"backend", "3f2a", "blue", "exited with status " + std::to_string(number),
            *parse_rfc3339("2026-05-01T12:00:00.123Z")};
}

TEST(CrashBook, OutlivesTheDaemonWithTheNewestFirst) {
    const test::TempDir folder;
    auto journal = store::Journal::open(folder / "db");
    ASSERT_TRUE(journal.ok());
    {
        CrashBook book(**journal, kApp);
        EXPECT_TRUE(book.crashes().empty());
        ASSERT_TRUE(book.add(crash(1)).ok());
        ASSERT_TRUE(book.add(crash(2)).ok());
    }
    const CrashBook book(**journal, kApp);
    ASSERT_EQ(book.crashes().size(), 2U);
    EXPECT_EQ(book.crashes()[0].status, "exited with status 2");
    EXPECT_EQ(book.crashes()[1].commit, "3f2a");
    EXPECT_EQ(book.crashes()[1].slot, "blue");
    EXPECT_EQ(format_rfc3339(book.crashes()[1].at), "2026-05-01T12:00:00.123Z");
    EXPECT_TRUE(CrashBook(**journal, *AppName::parse("other")).crashes().empty());
}

TEST(CrashBook, IsBounded) {
    const test::TempDir folder;
    auto journal = store::Journal::open(folder / "db");
    ASSERT_TRUE(journal.ok());
    CrashBook book(**journal, kApp);
    const int many = static_cast<int>(limits::kCrashesKept) + 5;
    for (int i = 0; i < many; ++i) ASSERT_TRUE(book.add(crash(i)).ok());
    EXPECT_EQ(book.crashes().size(), limits::kCrashesKept);
    EXPECT_EQ(book.crashes()[0].status, "exited with status " + std::to_string(many - 1));
}

TEST(CrashBook, TakesNonsenseAsNothing) {
    for (const std::string text : {"", "{}", "[{}]", "[1]", "nonsense"}) {
        EXPECT_TRUE(decode_crashes(text, kApp).empty()) << text;
    }
}

}  // namespace
}  // namespace lastgood::daemon
