#include "lastgood/config/env_file.h"

#include <gtest/gtest.h>

namespace lastgood::config {
namespace {

TEST(EnvFile, ReadsWhatComposeAndDotenvRead) {
    const auto parsed = parse_env_file("f", R"(# a comment

PLAIN=value with spaces
export EXPORTED=yes
SINGLE='a $b \n c'
DOUBLE="line\nnext \"quoted\" \\"
EMPTY=
EQUALS=a=b=c
)");
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->at("PLAIN"), "value with spaces");
    EXPECT_EQ(parsed->at("EXPORTED"), "yes");
    EXPECT_EQ(parsed->at("SINGLE"), "a $b \\n c");
    EXPECT_EQ(parsed->at("DOUBLE"), "line\nnext \"quoted\" \\");
    EXPECT_EQ(parsed->at("EMPTY"), "");
    EXPECT_EQ(parsed->at("EQUALS"), "a=b=c");
    EXPECT_EQ(parsed->size(), 6U);
}

TEST(EnvFile, NamesTheLineOfAFault) {
    const auto parsed = parse_env_file("/etc/x.env", "A=1\nthis is no assignment\n");
    ASSERT_FALSE(parsed.ok());
    EXPECT_NE(parsed.error().what.find("/etc/x.env:2"), std::string::npos);
    EXPECT_FALSE(parse_env_file("f", "1A=x").ok());
    EXPECT_FALSE(parse_env_file("f", "=x").ok());
    const auto missing = read_env_file("/nonexistent/x.env");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().mend, "make it, or mend env_file");
}

TEST(EnvFile, ACommentBehindAValueIsNoPartOfIt) {
    const auto parsed = parse_env_file("f", R"(PLAIN=value # a comment
QUOTED="two words"   # it's a comment
SINGLE='a # b' # c
HASH=a#b
COLOR=#fff
NONE= # only a comment
QUOTES="a # \"b\" # c"
JOINED="a"b
)");
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->at("PLAIN"), "value");
    EXPECT_EQ(parsed->at("QUOTED"), "two words");
    EXPECT_EQ(parsed->at("SINGLE"), "a # b");
    EXPECT_EQ(parsed->at("HASH"), "a#b");
    EXPECT_EQ(parsed->at("COLOR"), "#fff");
    EXPECT_EQ(parsed->at("NONE"), "");
    EXPECT_EQ(parsed->at("QUOTES"), "a # \"b\" # c");
    EXPECT_EQ(parsed->at("JOINED"), "\"a\"b");
}

TEST(EnvFile, MayComeFromWindows) {
    const auto parsed = parse_env_file("f",
                                       "\xEF\xBB\xBF"
                                       "A=1\r\nB=\"x y\"\r\n");
    ASSERT_TRUE(parsed.ok()) << parsed.error().text();
    EXPECT_EQ(parsed->at("A"), "1");
    EXPECT_EQ(parsed->at("B"), "x y");
}

TEST(EnvFile, AQuoteEndsOnItsLine) {
    const auto parsed = parse_env_file("f", "A=1\nKEY=\"-----BEGIN\nabc\n-----END\"\n");
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().what, "f:2: a quote is not closed");
}

}  // namespace
}  // namespace lastgood::config
