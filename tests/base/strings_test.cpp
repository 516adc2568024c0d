#include "lastgood/base/strings.h"
#include "lastgood/base/squeezed.h"

#include <gtest/gtest.h>

#include "lastgood/base/random.h"

namespace lastgood {
namespace {

std::string random_bytes(Random& random, std::size_t most) {
    std::string bytes(random.below(most + 1), '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    return bytes;
}

TEST(Strings, SqueezedHaveNoBlanksInARow) {
    EXPECT_EQ(squeezed("\t\tIf a  connection\tis idle\r\n"), "If a connection is idle");
    EXPECT_EQ(squeezed(" \t "), "");
}

TEST(Strings, AreTrimmedOfBlanksAtBothEndsOnly) {
    EXPECT_EQ(trim("  a b\t\r\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBF"
                                      "a"),
              "a");
    EXPECT_EQ(without_byte_order_mark("a"), "a");
}

TEST(Strings, SplitKeepsEmptyPartsAndJoinUndoesIt) {
    using Parts = std::vector<std::string>;
    EXPECT_EQ(split("", ':'), Parts{""});
    EXPECT_EQ(split(":a::b:", ':'), (Parts{"", "a", "", "b", ""}));
    for (const char* text : {"", ":", "a", "a:b", "::a::"}) {
        EXPECT_EQ(join(split(text, ':'), ":"), text);
    }
    EXPECT_EQ(join({"", "", ""}, ", "), ", , ");
    EXPECT_EQ(join({}, ","), "");
}

TEST(Strings, AreLoweredInAsciiOnly) {
    EXPECT_EQ(to_lower("ABC xyz-É"), "abc xyz-É");
}

TEST(Nearest, FindsWhatWasMeant) {
    const std::vector<std::string> keys = {"branch", "build", "build_timeout", "run", "repo"};
    EXPECT_EQ(nearest("brnach", keys), "branch");
    EXPECT_EQ(nearest("biuld", keys), "build");
    EXPECT_EQ(nearest("build-timeout", keys), "build_timeout");
    EXPECT_EQ(nearest("rn", keys), "run");
    EXPECT_EQ(nearest("wbe", {"api", "web"}), "web");
    EXPECT_EQ(nearest("bakcned", {"backend"}), "backend");
    EXPECT_EQ(nearest("repo", keys), "repo");
}

TEST(Nearest, SaysNothingWhereNothingIsNear) {
    const std::vector<std::string> keys = {"branch", "build", "run", "by"};
    EXPECT_EQ(nearest("certificate", keys), std::nullopt);
    EXPECT_EQ(nearest("x", keys), std::nullopt);
    EXPECT_EQ(nearest("", keys), std::nullopt);
    EXPECT_EQ(nearest("run", {}), std::nullopt);
    EXPECT_EQ(nearest("helth", {"depth"}), std::nullopt);
}

TEST(Printable, LeavesPlainAndForeignTextAlone) {
    EXPECT_EQ(printable("Größe 大 🙂 \\ok"), "Größe 大 🙂 \\ok");
    EXPECT_EQ(printable(""), "");
}

TEST(Printable, ShowsControlBytesInsteadOfObeyingThem) {
    EXPECT_EQ(printable("a\nb\tc"), "a\\nb\\tc");
    EXPECT_EQ(printable("\x1b[31mred\r"), "\\x1b[31mred\\x0d");
    EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
    // C1: valid UTF-8, but an escape of its own to some terminals (U+009B is CSI).
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\xc2\\x9b31m");
    EXPECT_EQ(printable("\xc2\x80\xc2\xa0"), "\\xc2\\x80\xc2\xa0");
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
    EXPECT_EQ(printable("\xff"), "\\xff");
    EXPECT_EQ(printable("a\xe5\xa4"), "a\\xe5\\xa4");                  // cut off
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // longer than need be
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond the last
    EXPECT_EQ(printable("\x9b"), "\\x9b");                             // C1 as one byte
}

TEST(Printable, IsCutBetweenCharacters) {
    EXPECT_EQ(printable("abcdef", 6), "abcdef");
    EXPECT_EQ(printable("abcdefg", 6), "abcdef…");
    EXPECT_EQ(printable("ééé", 5), "éé…");
    EXPECT_EQ(printable("ab\x01", 5), "ab…");
    Random random(2);
    for (int i = 0; i < 2000; ++i) {
        const std::string shown = printable(random_bytes(random, 40), 20);
        ASSERT_LE(shown.size(), 20 + std::string("…").size());
        ASSERT_EQ(to_utf8(shown), shown);
    }
}

TEST(ToUtf8, ReplacesOnlyWhatIsInvalid) {
    EXPECT_EQ(to_utf8("Grö\n大"), "Grö\n大");
    EXPECT_EQ(to_utf8("a\xff"
                      "b"),
              "a\xef\xbf\xbd"
              "b");
    EXPECT_EQ(to_utf8("\xe5\xa4"), "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(to_utf8("\xed\xa0\x80").find('\xed'), std::string::npos);
}

TEST(ToUtf8, IsStableOnItsOwnResult) {
    Random random(3);
    for (int i = 0; i < 2000; ++i) {
        const std::string once = to_utf8(random_bytes(random, 30));
        ASSERT_EQ(to_utf8(once), once);
    }
}

TEST(Hex, ComesBack) {
    EXPECT_EQ(hex_encode(std::string_view("\0\x0f\xff", 3)), "000fff");
    EXPECT_EQ(hex_decode("00FfaB"), std::string("\0\xff\xab", 3));
    EXPECT_EQ(hex_decode(""), "");
    Random random(4);
    for (int i = 0; i < 500; ++i) {
        const std::string bytes = random_bytes(random, 50);
        ASSERT_EQ(hex_decode(hex_encode(bytes)), bytes);
    }
}

TEST(Hex, RefusesTheMalformed) {
    for (const char* text : {"0", "abc", "0g", "g0", " 0", "0x", "00 "}) {
        EXPECT_FALSE(hex_decode(text)) << text;
    }
    EXPECT_FALSE(hex_decode(std::string_view("0\0", 2)));
}

TEST(Base64, IsTheStandardsOwnExamples) {
    const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"},
                                                            {"\xfb\xff", "+/8="}};
    for (const auto& [plain, coded] : examples) {
        EXPECT_EQ(base64_encode(plain), coded);
        EXPECT_EQ(base64_decode(coded), plain);
    }
}

TEST(Base64, ComesBackWithAndWithoutPadding) {
    Random random(5);
    for (int i = 0; i < 1000; ++i) {
        const std::string bytes = random_bytes(random, 50);
        std::string coded = base64_encode(bytes);
        ASSERT_EQ(coded.size() % 4, 0U);
        ASSERT_EQ(base64_decode(coded), bytes);
        while (coded.ends_with('=')) coded.pop_back();
        ASSERT_EQ(base64_decode(coded), bytes);
    }
}

TEST(Base64, RefusesTheMalformed) {
    for (const char* text : {"Z", "Zm9vY", "=", "==", "====", "Z===", "Zg=", "Zm8==", "Zm9v=",
                             "Zm9v====", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm-v", "Zm_v", "=Zg="}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
    EXPECT_FALSE(base64_decode(std::string_view("Zm9\0", 4)));
}

TEST(PercentDecoded, LeavesWhatIsNoEscape) {
    EXPECT_EQ(percent_decoded("a%20b%2Fc"), "a b/c");
    EXPECT_EQ(percent_decoded("100%"), "100%");
    EXPECT_EQ(percent_decoded("%4"), "%4");
    EXPECT_EQ(percent_decoded("%zz%41"), "%zzA");
    EXPECT_EQ(percent_decoded(""), "");
}

}  // namespace
}  // namespace lastgood
