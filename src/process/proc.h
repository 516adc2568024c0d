// What /proc says, read fast: one look at all processes must cost a few milliseconds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/time.h"

namespace lastgood::process::proc {

struct Entry {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    std::uint64_t start_time = 0;
};

// All processes but zombies and the kernel's own.
std::vector<Entry> processes();

// Is "NAME=value" in the process's environment as it was given to it? Not if it can't be read;
// `unknown` where there is none at all: so it is for a moment while a process executes a program,
// and when it is about to end.
enum class Answer { no, yes, unknown };
Answer environment_has(pid_t pid, std::string_view entry);

// The value of a variable of that environment; empty unless the answer is yes.
std::pair<Answer, std::string> environment_value(pid_t pid, std::string_view name);

// Sends by pidfd, after a check that the pid still is the process that was seen.
bool send_signal(pid_t pid, std::uint64_t start_time, int signal);

std::uint64_t memory_bytes(pid_t pid);

struct Load {
    Millis cpu{0};  // its own and that of children that it waited for
    int threads = 0;
};
Load load_of(pid_t pid);
int descriptors_of(pid_t pid);

}  // namespace lastgood::process::proc
