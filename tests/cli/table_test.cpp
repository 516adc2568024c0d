#include "cli/table.h"

#include <gtest/gtest.h>

namespace lastgood::cli {
namespace {

Table two_rows() {
    Table table({{"APP"}, {"PID", true}, {"SUBJECT", false, true}});
    table.add({"backend", "7", "Mend the login of those who forgot"});
    table.add({"ui", "4711", "ä"});
    return table;
}

TEST(Table, AlignsColumnsAndLeavesNoBlanksAtTheEnds) {
    EXPECT_EQ(two_rows().render({}),
              "APP       PID  SUBJECT\n"
              "backend     7  Mend the login of those who forgot\n"
              "ui       4711  ä\n");
}

TEST(Table, CutsOnlyWhatGivesOnANarrowTerminal) {
    EXPECT_EQ(two_rows().render({false, 30}),
              "APP       PID  SUBJECT\n"
              "backend     7  Mend the login…\n"
              "ui       4711  ä\n");
}

TEST(Table, LeavesARestWhenNothingFits) {
    EXPECT_EQ(two_rows().render({false, 10}),
              "APP       PID  SUBJECT\n"
              "backend     7  Mend the lo…\n"
              "ui       4711  ä\n");
}

TEST(Table, ColoursWithoutMovingColumns) {
    Table table({{"A"}, {"B"}});
    table.add({{"x", Tone::bad}, "y"});
    EXPECT_EQ(table.render({true, 80}), "\033[2mA\033[0m  \033[2mB\033[0m\n\033[31mx\033[0m  y\n");
    EXPECT_EQ(table.render({false, 80}), "A  B\nx  y\n");
}

TEST(Table, CountsCharactersAndNeverCutsOneApart) {
    EXPECT_EQ(display_width("äöü…"), 4U);
    EXPECT_EQ(cut_to("äöü", 3), "äöü");
    EXPECT_EQ(cut_to("äöüß", 3), "äö…");
    EXPECT_EQ(cut_to("abc", 1), "…");
    EXPECT_EQ(cut_to("abc", 0), "");
}

}  // namespace
}  // namespace lastgood::cli
