// Was a death by SIGKILL the kernel's, for want of memory? It tells nobody but its own log; the
// counters of the cgroup, or of the machine where there is none, give it away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lastgood/process/cgroup.h"

namespace lastgood::process {

class OutOfMemory {
  public:
    // Once the group is made, before the process; of one that is taken over, then.
    explicit OutOfMemory(std::optional<Cgroup> group = {});

    // How a process ended, for people (sys::describe_wait_status), and this cause if it was it.
    [[nodiscard]] std::string told(int wait_status) const;

  private:
    [[nodiscard]] std::optional<std::uint64_t> count() const;

    std::optional<Cgroup> group_;  // none: the machine's counter
    std::optional<std::uint64_t> before_;
};

}  // namespace lastgood::process
