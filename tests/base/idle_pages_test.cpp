#include "lastgood/base/sys/idle_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace lastgood::sys {
namespace {

long resident_of_files() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
    }
    return 0;
}

TEST(IdlePages, AreLetGoAndComeBackWhenTheyAreUsed) {
    const std::string before = std::to_string(resident_of_files());
    let_go_of_idle_pages();
    EXPECT_LT(resident_of_files(), std::stol(before) / 2);
    // Code, constants and relocated tables are all there.
    EXPECT_THROW((void)std::stol("none"), std::invalid_argument);
    EXPECT_EQ(std::to_string(1.5).substr(0, 3), "1.5");
}

}  // namespace
}  // namespace lastgood::sys
