// What the receiver gives up before it talks to strangers.
//
// Two steps, because threads are made between them: enter() for what each thread inherits, seal()
// for what the kernel can put on all threads at once. After seal() the process can serve the
// descriptors that it holds, and nothing else: no file, no new socket, no other process, no
// program, no memory beyond its allowance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::receiver {

class Sandbox {
  public:
    // As root: to the user `lastgood-receiver`, or `nobody` where there is none. Then no
    // capabilities, no new privileges, not traceable, no core dumps, no file by Landlock. On one
    // thread, before any other is made. An Error: still root, so it must not go on.
    Expected<void> enter();

    // The memory that may be taken from now on, then the system calls that are left (seccomp).
    void seal(std::uint64_t memory_bytes);

    // What this kernel or the caller's rights could not give; for the log. Empty: all of it.
    [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }

  private:
    Expected<void> leave_root();

    std::vector<std::string> missing_;
    sys::Fd own_size_;  // /proc/self/statm: it can't be opened afterwards
};

}  // namespace lastgood::receiver
