#include "lastgood/base/secret.h"

#include <gtest/gtest.h>

namespace lastgood {
namespace {

TEST(Secret, IsOfItsLengthAndNeverTheSame) {
    EXPECT_EQ(random_hex(32).size(), 64U);
    EXPECT_NE(random_hex(32), random_hex(32));
}

TEST(Secret, IsComparedWhole) {
    EXPECT_TRUE(same_secret("", ""));
    EXPECT_TRUE(same_secret("abc", "abc"));
    EXPECT_FALSE(same_secret("abc", "abd"));
    EXPECT_FALSE(same_secret("abc", "Abc"));
    EXPECT_FALSE(same_secret("abc", "ab"));
    EXPECT_FALSE(same_secret("", "a"));
    EXPECT_FALSE(same_secret(std::string("a\0b", 3), std::string("a\0c", 3)));
}

}  // namespace
}  // namespace lastgood
