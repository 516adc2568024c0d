// A temporary folder that goes with the test, and code run as somebody who isn't root.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "lastgood/base/sys/files.h"

namespace lastgood::test {

constexpr unsigned kNobody = 65534;

class TempDir {
  public:
    TempDir() {
        char pattern[] = "/tmp/lastgood-test-XXXXXX";
        path_ = mkdtemp(pattern);
    }
    ~TempDir() { (void)sys::remove_tree(path_); }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::ptrdiff_t entries() const {
        return std::distance(std::filesystem::directory_iterator(path_), {});
    }

  private:
    std::string path_;
};

inline void put(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

// Runs `body` in a child process, which may change its own limits and user; true if it said so.
template <typename Body>
bool in_child(Body body) {
    const pid_t pid = fork();
    if (pid == 0) _exit(body() ? 0 : 1);
    int status = -1;
    EXPECT_EQ(pid, waitpid(pid, &status, 0));
    return status == 0;
}

// The same without root's right to pass over permissions.
template <typename Body>
bool as_nobody(Body body) {
    return in_child([&] {
        if (getuid() == 0 &&
            (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)) {
            return false;
        }
        return body();
    });
}

}  // namespace lastgood::test
