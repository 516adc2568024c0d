#include "lastgood/process/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "process/cgroup_files.h"
#include "process/proc.h"

namespace lastgood::process {
namespace {

constexpr int kDepthMax = 16;

void collect(const std::string& path, int depth, std::vector<pid_t>& found) {
    for (const auto& line : split(cgroup_files::read(path, "cgroup.procs"), '\n')) {
        const auto pid = static_cast<pid_t>(std::strtol(line.c_str(), nullptr, 10));
        if (pid > 0) found.push_back(pid);
    }
    if (depth == kDepthMax) return;
    for (const auto& child : cgroup_files::children(path)) {
        collect(path + "/" + child, depth + 1, found);
    }
}

void remove_groups(const std::string& path, int depth) {
    if (depth < kDepthMax) {
        for (const auto& child : cgroup_files::children(path)) {
            remove_groups(path + "/" + child, depth + 1);
        }
    }
    (void)rmdir(path.c_str());
}

}  // namespace

Expected<void> Cgroup::create() const {
    if (mkdir(path_.c_str(), 0755) == 0 || errno == EEXIST) return {};
    return system_error("could not make the cgroup " + path_, errno);
}

void Cgroup::limit(const GroupLimits& limits) const {
    constexpr int kPeriod = 100'000;  // µs, the kernel's own default
    cgroup_files::write(path_, "memory.max",
                        limits.memory_max ? std::to_string(*limits.memory_max) : "max");
    // A service that lost one of its processes is no service: all of it ends, and is started again.
    cgroup_files::write(path_, "memory.oom.group", limits.memory_max ? "1" : "0");
    const std::string quota =
        limits.cpu_max ? std::to_string(std::int64_t{*limits.cpu_max} * kPeriod / 100) : "max";
    cgroup_files::write(path_, "cpu.max", quota + " " + std::to_string(kPeriod));
}

sys::Fd Cgroup::entrance() const {
    return sys::Fd(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::vector<pid_t> Cgroup::processes() const {
    std::vector<pid_t> found;
    collect(path_, 0, found);
    return found;
}

void Cgroup::kill() const {
    if (cgroup_files::write(path_, "cgroup.kill", "1")) return;
    for (const pid_t pid : processes()) proc::send_signal(pid, 0, SIGKILL);
}

void Cgroup::remove() const {
    remove_groups(path_, 0);
}

std::optional<std::uint64_t> Cgroup::memory_bytes() const {
    const std::string text = cgroup_files::read(path_, "memory.stat");
    if (text.empty()) return std::nullopt;
    std::uint64_t sum = 0;
    for (const char* key : {"anon", "shmem", "kernel"}) {
        sum += cgroup_files::value_of(text, key).value_or(0);
    }
    return sum;
}

std::optional<Millis> Cgroup::cpu_used() const {
    const auto used = cgroup_files::value_of(cgroup_files::read(path_, "cpu.stat"), "usage_usec");
    if (!used) return std::nullopt;
    return Millis(static_cast<std::int64_t>(*used / 1000));
}

std::optional<std::uint64_t> Cgroup::oom_kills() const {
    return cgroup_files::value_of(cgroup_files::read(path_, "memory.events"), "oom_kill");
}

}  // namespace lastgood::process
