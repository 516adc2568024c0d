#include "daemon/step_log.h"

#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "lastgood/base/limits.h"

namespace lastgood::daemon {
namespace {

class StepLog : public testing::Test {
  protected:
    void write(const std::string& text) { std::ofstream(path_) << text; }
    control::StepOutput read(std::uint64_t from) {
        auto piece = read_step_log(path_, from);
        EXPECT_TRUE(piece.ok());
        return piece ? *piece : control::StepOutput{};
    }
    test::TempDir folder_;
    const std::string path_ = folder_ / "deployment-1.log";
};

TEST_F(StepLog, IsReadFromWhereOneIs) {
    write("npm ci\n");
    EXPECT_EQ(read(0).text, "npm ci\n");
    EXPECT_EQ(read(0).next, 7U);
    EXPECT_EQ(read(4).text, "ci\n");
    EXPECT_EQ(read(7).text, "");
    EXPECT_EQ(read(7).next, 7U);
    EXPECT_EQ(read(99).text, "");
    EXPECT_EQ(read(0).size, 7U);
}

TEST_F(StepLog, IsEmptyWhereThereIsNone) {
    EXPECT_EQ(read(0).size, 0U);
    EXPECT_EQ(read(0).next, 0U);
}

TEST_F(StepLog, ComesInPieces) {
    write(std::string(limits::kStepOutputPieceBytes + 5, 'x'));
    const auto first = read(0);
    EXPECT_EQ(first.text.size(), limits::kStepOutputPieceBytes);
    EXPECT_EQ(read(first.next).text, "xxxxx");
}

TEST_F(StepLog, IsNotCutInTheMidstOfACharacter) {
    const std::string euro = "\xe2\x82\xac";
    write(std::string(limits::kStepOutputPieceBytes - 1, 'x') + euro);
    const auto first = read(0);
    EXPECT_EQ(first.next, limits::kStepOutputPieceBytes - 1);
    EXPECT_EQ(read(first.next).text, euro);
    // What is no text comes as it is.
    write(std::string(10, '\xff'));
    EXPECT_EQ(read(0).next, 10U);
}

TEST_F(StepLog, IsNoLink) {
    ASSERT_EQ(symlink("/etc/passwd", path_.c_str()), 0);
    EXPECT_FALSE(read_step_log(path_, 0).ok());
}

}  // namespace
}  // namespace lastgood::daemon
