#include "cli/width.h"

#include <gtest/gtest.h>

#include "cli/screen.h"

namespace lastgood::cli {
namespace {

TEST(Width, CountsColumnsAndNotBytes) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("größe"), 5U);
    EXPECT_EQ(display_width("日本"), 4U) << "wide characters take two columns";
    EXPECT_EQ(display_width("e\xcc\x81"), 1U) << "a combining accent takes none";
    EXPECT_EQ(display_width("\033[31mred\033[0m"), 3U) << "colours take none";
    EXPECT_EQ(display_width("\xff\xfe"), 2U) << "what is no UTF-8 is counted by its bytes";
}

TEST(Width, CutsByColumns) {
    EXPECT_EQ(cut_to("abcdef", 6), "abcdef");
    EXPECT_EQ(cut_to("abcdef", 4), "abc…");
    EXPECT_EQ(cut_to("日本語", 4), "日…") << "half a character is never shown";
    EXPECT_EQ(cut_to("größer", 4), "grö…");
    EXPECT_EQ(cut_to("abc", 0), "");
    EXPECT_EQ(cut_to("\033[31mabcdef\033[0m", 4), "\033[31mabc…\033[0m") << "the colour is ended";
}

TEST(Picture, GoesOverTheOneBeforeLineByLine) {
    EXPECT_EQ(picture("one\ntwo\n", 80, 24), "\033[Hone\033[K\r\ntwo\033[K\033[J");
    EXPECT_EQ(picture("", 80, 24), "\033[H\033[J");
}

TEST(Picture, FitsTheTerminal) {
    EXPECT_EQ(picture("abcdef\n", 4, 24), "\033[Habc…\033[K\033[J");
    EXPECT_EQ(picture("1\n2\n3\n4\n", 80, 3),
              "\033[H1\033[K\r\n2\033[K\r\n… 2 lines more\033[K\033[J");
}

}  // namespace
}  // namespace lastgood::cli
