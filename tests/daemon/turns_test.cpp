#include "daemon/turns.h"

#include <gtest/gtest.h>

#include <vector>

namespace lastgood::daemon {
namespace {

class TurnsTest : public testing::Test {
  protected:
    void ask(int number) {
        turns_held.push_back(turns.ask([this, number] { begun.push_back(number); }));
    }
    void run() { loop.run_once(Millis(0)); }

    sys::EventLoop loop;
    Turns turns{loop, 2};
    std::vector<std::unique_ptr<Turns::Turn>> turns_held;
    std::vector<int> begun;
};

using Numbers = std::vector<int>;

TEST_F(TurnsTest, BeginSoManyAtOnceInTheirOrder) {
    for (int number : {0, 1, 2, 3}) ask(number);
    EXPECT_EQ(begun, Numbers{});  // not from inside of what asks
    run();
    EXPECT_EQ(begun, (Numbers{0, 1}));
    run();
    EXPECT_EQ(begun, (Numbers{0, 1}));
    turns_held[1].reset();
    run();
    EXPECT_EQ(begun, (Numbers{0, 1, 2}));
    turns_held[0].reset();
    turns_held[2].reset();
    run();
    EXPECT_EQ(begun, (Numbers{0, 1, 2, 3}));
}

TEST_F(TurnsTest, OfWhatIsNoLongerWantedComesNone) {
    for (int number : {0, 1, 2, 3}) ask(number);
    turns_held[0].reset();
    run();
    EXPECT_EQ(begun, (Numbers{1, 2}));
    turns_held[3].reset();
    turns_held[1].reset();
    turns_held[2].reset();
    run();
    EXPECT_EQ(begun, (Numbers{1, 2}));
    ask(4);
    ask(5);
    run();
    EXPECT_EQ(begun, (Numbers{1, 2, 4, 5}));
}

TEST_F(TurnsTest, EndFromInsideOfTheirBegin) {
    turns_held.resize(3);
    for (std::size_t i = 0; i < 3; ++i) {
        turns_held[i] = turns.ask([this, i] {
            begun.push_back(static_cast<int>(i));
            turns_held[i].reset();
        });
    }
    run();
    EXPECT_EQ(begun, (Numbers{0, 1, 2}));
    ask(3);
    run();
    EXPECT_EQ(begun, (Numbers{0, 1, 2, 3}));
}

}  // namespace
}  // namespace lastgood::daemon
