#include "lastgood/process/out_of_memory.h"

#include <signal.h>
#include <sys/wait.h>

#include "lastgood/base/sys/spawn.h"
#include "process/cgroup_files.h"

namespace lastgood::process {

OutOfMemory::OutOfMemory(std::optional<Cgroup> group) {
    if (group && group->oom_kills()) group_ = std::move(group);
    before_ = count();
}

std::optional<std::uint64_t> OutOfMemory::count() const {
    if (group_) return group_->oom_kills();
    return cgroup_files::value_of(cgroup_files::read("/proc", "vmstat"), "oom_kill");
}

std::string OutOfMemory::told(int wait_status) const {
    std::string text = sys::describe_wait_status(wait_status);
    if (!WIFSIGNALED(wait_status) || WTERMSIG(wait_status) != SIGKILL) return text;
    const auto now = count();
    if (!before_ || !now || *now <= *before_) return text;
    return text + (group_ ? " (out of memory)"
                          : " (out of memory, it seems: the kernel ended a process for that while "
                            "it ran)");
}

}  // namespace lastgood::process
