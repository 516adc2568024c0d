#include <signal.h>

#include "supervise/runner_world.h"

namespace lastgood::supervise {
namespace {

class Output : public RunnerWorld {
  protected:
    Output() {
        config.listen.clear();
        config.ready.kind = config::Ready::Kind::after;
    }
};

TEST_F(Output, OfAHundredThousandLinesIsCompleteAndInOrder) {
    open();
    const RunId run = start_app(Slot::green, {"APP_MODE=lines", "APP_COUNT=100000"});
    ASSERT_TRUE(comes("exited", run));
    std::istringstream lines(output());
    std::string line;
    long expected = 0;
    while (std::getline(lines, line)) {
        ASSERT_EQ(line.substr(24), " green out | line " + std::to_string(expected++));
    }
    EXPECT_EQ(expected, 100'000);
    EXPECT_EQ(find("exited", run)->report.tail.size(), 20U);
    EXPECT_EQ(find("exited", run)->report.tail.back(), "line 99999");
}

TEST_F(Output, KeepsTheLastWordsWithoutANewline) {
    open();
    const RunId run = start_shell(Slot::blue, "printf 'whole\\nlast words'; printf oops >&2");
    ASSERT_TRUE(comes("exited", run));
    EXPECT_NE(output().find(" blue out | whole\n"), std::string::npos) << output();
    EXPECT_NE(output().find(" blue out > last words\n"), std::string::npos) << output();
    EXPECT_NE(output().find(" blue err > oops\n"), std::string::npos) << output();
}

TEST_F(Output, IsReadToTheEndAlsoWhenAStrayHoldsThePipe) {
    open();
    const RunId run = start_shell(Slot::blue, "echo first; setsid sleep 1000 & echo last; exit 1");
    ASSERT_TRUE(comes("exited", run));
    EXPECT_EQ(find("exited", run)->report.tail, (std::vector<std::string>{"first", "last"}));
    EXPECT_TRUE(tree(1).empty());
}

TEST_F(Output, TellsTheRunsItsPlaceAndNothingOfOurEnvironment) {
    setenv("SECRET_OF_THE_DAEMON", "x", 1);
    open();
    const RunId run = start_shell(Slot::blue, "pwd; env");
    ASSERT_TRUE(comes("exited", run));
    EXPECT_NE(output().find("| " + dir.path() + "\n"), std::string::npos) << output();
    EXPECT_NE(output().find("| LASTGOOD_RUN="), std::string::npos);
    EXPECT_EQ(output().find("SECRET_OF_THE_DAEMON"), std::string::npos);
    EXPECT_EQ(output().find("LISTEN_FDS"), std::string::npos);
}

}  // namespace
}  // namespace lastgood::supervise
