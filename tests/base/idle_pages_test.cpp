#include "lastgood/base/sys/idle_pages.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace lastgood::sys {
namespace {

// KB.
long resident(const std::string& what) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(what + ":")) return std::stol(line.substr(what.size() + 1));
    }
    return 0;
}
long resident_of_files() {
    return resident("RssFile");
}

TEST(IdlePages, AreLetGoAndComeBackWhenTheyAreUsed) {
    const std::string before = std::to_string(resident_of_files());
    let_go_of_idle_pages();
    EXPECT_LT(resident_of_files(), std::stol(before) / 2);
    // Code, constants and relocated tables are all there.
    EXPECT_THROW((void)std::stol("none"), std::invalid_argument);
    EXPECT_EQ(std::to_string(1.5).substr(0, 3), "1.5");
}

TEST(IdlePages, AreThoseOfFreedMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer keeps what is freed";
#endif
    constexpr int kBlocks = 20'000;
    std::vector<std::unique_ptr<std::array<char, 1000>>> blocks(kBlocks);
    for (auto& block : blocks) {
        block = std::make_unique<std::array<char, 1000>>();
        block->fill('x');
    }
    // The last one keeps the heap from shrinking by itself.
    blocks.erase(blocks.begin(), blocks.end() - 1);
    const long before = resident("RssAnon");
    let_go_of_idle_pages();
    EXPECT_LT(resident("RssAnon"), before - kBlocks / 2);
    EXPECT_EQ(blocks.back()->back(), 'x');
}

}  // namespace
}  // namespace lastgood::sys
