#include "lastgood/base/ids.h"

#include <gtest/gtest.h>

namespace lastgood {
namespace {

TEST(CommitId, IsAFullIdOfEitherHash) {
    const std::string sha1(40, 'a');
    const std::string sha256(64, '9');
    ASSERT_TRUE(CommitId::parse(sha1));
    EXPECT_EQ(CommitId::parse(sha1)->hex(), sha1);
    ASSERT_TRUE(CommitId::parse(sha256));
    EXPECT_EQ(CommitId::parse(sha256)->hex(), sha256);
    EXPECT_EQ(CommitId::parse("0123456789" + std::string(30, 'f'))->short_hex(), "0123456");
}

TEST(CommitId, IsLoweredSoThatOneCommitIsOneId) {
    const auto upper = CommitId::parse(std::string(20, 'A') + std::string(20, 'F'));
    ASSERT_TRUE(upper);
    EXPECT_EQ(*upper, *CommitId::parse(std::string(20, 'a') + std::string(20, 'f')));
}

TEST(CommitId, RefusesAllElse) {
    for (const std::size_t length : {0U, 1U, 7U, 39U, 41U, 63U, 65U}) {
        EXPECT_FALSE(CommitId::parse(std::string(length, 'a'))) << length;
    }
    for (const char bad : {'g', ' ', '/', '.', '-', '\n', '\0', '@', '`', 'G'}) {
        for (const std::size_t at : {0U, 20U, 39U}) {
            std::string text(40, 'a');
            text[at] = bad;
            EXPECT_FALSE(CommitId::parse(text)) << bad << " at " << at;
        }
    }
}

TEST(CommitId, RefusesTheIdOfAllZerosThatMeansNoCommit) {
    EXPECT_FALSE(CommitId::parse(std::string(40, '0')));
    EXPECT_FALSE(CommitId::parse(std::string(64, '0')));
    EXPECT_TRUE(is_zero_object_id(std::string(40, '0')));
    EXPECT_TRUE(is_zero_object_id(std::string(64, '0')));
    EXPECT_FALSE(is_zero_object_id(std::string(39, '0')));
    EXPECT_FALSE(is_zero_object_id(""));
    EXPECT_FALSE(is_zero_object_id(std::string(39, '0') + "1"));
    EXPECT_TRUE(CommitId::parse(std::string(39, '0') + "1"));
}

TEST(AppName, IsShortAndPlain) {
    for (const char* text : {"a", "0", "backend", "my-app_2.test", "9lives", "a..b"}) {
        ASSERT_TRUE(AppName::parse(text)) << text;
        EXPECT_EQ(AppName::parse(text)->str(), text);
    }
    EXPECT_TRUE(AppName::parse(std::string(63, 'a')));
}

TEST(AppName, NeverLeavesAFolderOrAUrl) {
    for (const char* text : {"", ".", "..", "-a", "_a", ".a", "a/b", "../a", "A", "aB", "a b",
                             "a%2f", "a\n", "a:b", "é"}) {
        EXPECT_FALSE(AppName::parse(text)) << text;
    }
    EXPECT_FALSE(AppName::parse(std::string(64, 'a')));
    EXPECT_FALSE(AppName::parse(std::string_view("a\0b", 3)));
}

TEST(Slot, HasExactlyOneOther) {
    for (const Slot slot : kSlots) {
        EXPECT_NE(other(slot), slot);
        EXPECT_EQ(other(other(slot)), slot);
        EXPECT_NE(index(slot), index(other(slot)));
        EXPECT_NE(to_string(slot), to_string(other(slot)));
    }
}

}  // namespace
}  // namespace lastgood
