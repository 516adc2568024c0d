// A loop, a reaper and a temporary folder for tests with real processes.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/reaper.h"

namespace lastgood::test {

class TempDir {
  public:
    TempDir() {
        std::string pattern = "/tmp/lastgood-test-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    ~TempDir() { (void)sys::remove_tree(path_); }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline std::string read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

class World : public ::testing::Test {
  protected:
    // Runs the loop until the condition holds; false when that takes too long.
    bool until(const std::function<bool()>& condition, Millis most = Millis{8000}) {
        const Instant end = BootClock::now() + most;
        while (!condition()) {
            if (BootClock::now() > end) return false;
            loop.run_once(Millis{5});
        }
        return true;
    }

    sys::EventLoop loop;
    sys::Reaper reaper{loop};
    TempDir dir;
};

// Looks without a loop, for what happens in another process.
inline bool eventually(const std::function<bool()>& condition, Millis most = Millis{8000}) {
    const Instant end = BootClock::now() + most;
    while (!condition()) {
        if (BootClock::now() > end) return false;
        usleep(1000);
    }
    return true;
}

}  // namespace lastgood::test
