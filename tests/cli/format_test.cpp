#include "cli/format.h"

#include <gtest/gtest.h>

namespace lastgood::cli {
namespace {

WallTime at(const char* text) {
    return *parse_rfc3339(text);
}

TEST(Format, ShortensCommitsAndMarksWhatIsMissing) {
    EXPECT_EQ(short_commit("3f2a1c09d3b1f0a4c0d0e1f2a3b4c5d6e7f80912"), "3f2a1c0");
    EXPECT_EQ(short_commit(""), "-");
    EXPECT_EQ(or_dash(""), "-");
    EXPECT_EQ(or_dash("a\x1b[31m"), "a\\x1b[31m");
}

TEST(Format, TellsAgesInTheLargestUnitThatFits) {
    const WallTime now = at("2026-05-10T12:00:00.000Z");
    EXPECT_EQ(age(at("2026-05-10T11:59:59.500Z"), now), "just now");
    EXPECT_EQ(age(at("2026-05-10T12:00:30.000Z"), now), "just now");
    EXPECT_EQ(age(at("2026-05-10T11:59:20.000Z"), now), "40s ago");
    EXPECT_EQ(age(at("2026-05-10T11:57:00.000Z"), now), "3m ago");
    EXPECT_EQ(age(at("2026-05-10T10:00:00.000Z"), now), "2h ago");
    EXPECT_EQ(age(at("2026-05-05T12:00:00.000Z"), now), "5d ago");
    EXPECT_EQ(age(at("2026-01-02T12:00:00.000Z"), now), "2026-01-02");
}

TEST(Format, KeepsTheFirstLineAndSaysThatThereIsMore) {
    EXPECT_EQ(first_line("one"), "one");
    EXPECT_EQ(first_line("one\n"), "one");
    EXPECT_EQ(first_line("one\ntwo"), "one …");
    EXPECT_EQ(first_line("\n a\x07 \nb"), "a\\x07 …");
}

}  // namespace
}  // namespace lastgood::cli
