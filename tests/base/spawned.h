// Programs that a test starts and hears to the end.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::test {

using sys::SpawnSpec;

inline const std::string kPath = "PATH=/usr/bin:/bin";

inline std::string read_to_end(int fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = read(fd, buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
}

inline int wait_for(pid_t pid) {
    int status = -1;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

struct Ran {
    pid_t pid = -1;
    int status = -1;
    std::string output;
};

// Runs to the end, with the output caught.
inline Ran run(SpawnSpec spec) {
    auto pipe = sys::make_pipe(O_CLOEXEC);
    EXPECT_TRUE(pipe);
    spec.fds.push_back({pipe->write.get(), 1});
    auto child = sys::spawn(spec);
    if (!child) {
        ADD_FAILURE() << child.error().text();
        return {};
    }
    pipe->write.reset();
    const std::string output = read_to_end(pipe->read.get());
    return {child->pid, wait_for(child->pid), output};
}

inline SpawnSpec shell(const std::string& script) {
    SpawnSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    spec.env = {kPath};
    return spec;
}

}  // namespace lastgood::test
