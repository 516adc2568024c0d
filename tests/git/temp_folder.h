// A temporary directory that goes with the test, and commands run in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::git {

class TempFolder {
  public:
    TempFolder() {
        char pattern[] = "/tmp/lastgood-git-XXXXXX";
        path_ = mkdtemp(pattern);
        std::filesystem::permissions(path_, std::filesystem::perms(0755));  // servers run as others
    }
    ~TempFolder() { (void)sys::remove_tree(path_); }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline void write_text(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

// The environment of git in tests: fixed names and times, nobody's configuration.
inline std::vector<std::string> test_environment() {
    const char* path = getenv("PATH");
    return {std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin",
            "HOME=/nonexistent",
            "LC_ALL=C",
            "GIT_CONFIG_NOSYSTEM=1",
            "GIT_CONFIG_GLOBAL=/dev/null",
            "GIT_AUTHOR_NAME=Ann Author",
            "GIT_AUTHOR_EMAIL=ann@example.org",
            "GIT_AUTHOR_DATE=2026-05-01T12:00:00Z",
            "GIT_COMMITTER_NAME=Carl",
            "GIT_COMMITTER_EMAIL=carl@example.org",
            "GIT_COMMITTER_DATE=2026-05-01T12:00:00Z"};
}

// Runs a shell script to its end; its output without the last newline. Fails the test where it
// fails.
inline std::string shell(const std::string& folder, const std::string& script) {
    TempFolder scratch;
    const std::string out = scratch / "out";
    sys::SpawnSpec spec;
    spec.argv = {"/bin/sh", "-ec", "exec >" + out + " 2>&1\n" + script};
    spec.env = test_environment();
    spec.workdir = folder;
    auto child = sys::spawn(spec);
    if (!child) {
        ADD_FAILURE() << child.error().text();
        return "";
    }
    int status = 0;
    waitpid(child->pid, &status, 0);
    std::string text = read_text(out);
    EXPECT_EQ(status, 0) << script << "\n" << text;
    return std::string(trim(text));
}

}  // namespace lastgood::git
