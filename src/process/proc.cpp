#include "process/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/directory.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::process::proc {
namespace {

constexpr std::size_t kEnvironmentBytesMax = 2 << 20;  // what the kernel lets exec pass, about

std::string path_of(pid_t pid, const char* file) {
    return "/proc/" + std::to_string(pid) + "/" + file;
}

constexpr std::uint64_t kKernelThread = 0x00200000;  // PF_KTHREAD of linux/sched.h

// Field values after the name of /proc/PID/stat: state, ppid, pgrp, session, … flags at 6, start
// time at 19.
bool parse_stat(std::string_view text, Entry& entry) {
    const auto end = text.rfind(')');
    if (end == std::string_view::npos || end + 3 > text.size()) return false;
    text.remove_prefix(end + 2);
    if (text.empty() || text[0] == 'Z' || text[0] == 'X') return false;
    std::uint64_t fields[20] = {};
    std::size_t count = 1;
    const char* at = text.data() + 1;
    const char* last = text.data() + text.size();
    while (count < 20 && at < last) {
        while (at < last && *at == ' ') ++at;
        if (at < last && *at == '-') ++at;  // only tty's group can be negative
        const auto [next, error] = std::from_chars(at, last, fields[count]);
        if (error != std::errc()) return false;
        at = next;
        ++count;
    }
    entry.parent = static_cast<pid_t>(fields[1]);
    entry.group = static_cast<pid_t>(fields[2]);
    entry.session = static_cast<pid_t>(fields[3]);
    entry.start_time = fields[19];
    return count == 20 && (fields[6] & kKernelThread) == 0;
}

bool read_entry(int proc, const char* name, Entry& entry) {
    char path[64];
    std::snprintf(path, sizeof path, "%s/stat", name);
    const sys::Fd file(openat(proc, path, O_RDONLY | O_CLOEXEC));
    if (!file) return false;
    char buffer[1024];
    const ssize_t got = read(file.get(), buffer, sizeof buffer);
    return got > 0 && parse_stat({buffer, static_cast<std::size_t>(got)}, entry);
}

// Is it so of one of the entries of its environment?
template <typename IsSo>
Answer any_entry(pid_t pid, const IsSo& is_so) {
    const std::string path = path_of(pid, "environ");
    const sys::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // Whose memory has gone is about to end: an empty file on older kernels, ESRCH on newer ones
    // (6.18). It still has its sockets.
    if (!file) return errno == ESRCH ? Answer::unknown : Answer::no;
    const auto text = sys::read_rest(file.get(), path, kEnvironmentBytesMax);
    if (!text) return Answer::no;
    if (text->empty()) return Answer::unknown;
    const std::string_view environment = *text;
    for (std::size_t at = 0; at < environment.size();) {
        const std::size_t end = std::min(environment.find('\0', at), environment.size());
        if (is_so(environment.substr(at, end - at))) return Answer::yes;
        at = end + 1;
    }
    return Answer::no;
}

}  // namespace

std::vector<Entry> processes() {
    std::vector<Entry> found;
    const sys::Directory dir(opendir("/proc"));
    if (!dir) return found;
    while (const dirent* item = readdir(dir.get())) {
        if (item->d_name[0] < '1' || item->d_name[0] > '9') continue;
        Entry entry;
        entry.pid = static_cast<pid_t>(std::strtol(item->d_name, nullptr, 10));
        if (!read_entry(dirfd(dir.get()), item->d_name, entry)) continue;
        found.push_back(entry);
    }
    return found;
}

Answer environment_has(pid_t pid, std::string_view entry) {
    return any_entry(pid, [entry](std::string_view one) { return one == entry; });
}

std::pair<Answer, std::string> environment_value(pid_t pid, std::string_view name) {
    std::string value;
    const Answer answer = any_entry(pid, [name, &value](std::string_view entry) {
        const bool named = entry.starts_with(name) && entry.substr(name.size()).starts_with('=');
        if (named) value = entry.substr(name.size() + 1);
        return named;
    });
    return {answer, std::move(value)};
}

bool send_signal(pid_t pid, std::uint64_t start_time, int signal) {
    const sys::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return false;
    if (start_time != 0 && sys::process_start_time(pid) != start_time) return false;
    return syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
}

std::uint64_t memory_bytes(pid_t pid) {
    constexpr std::size_t kTextMax = 8192;
    if (auto text = sys::read_file(path_of(pid, "smaps_rollup"), kTextMax)) {
        const auto at = text->find("\nPss:");
        if (at != std::string::npos) {
            return std::strtoull(text->c_str() + at + 5, nullptr, 10) * 1024;
        }
    }
    auto text = sys::read_file(path_of(pid, "statm"), kTextMax);
    if (!text) return 0;
    const auto space = text->find(' ');
    if (space == std::string::npos) return 0;
    return std::strtoull(text->c_str() + space, nullptr, 10) *
           static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Load load_of(pid_t pid) {
    Load load;
    auto text = sys::read_file(path_of(pid, "stat"), 4096);
    if (!text) return load;
    const auto end = text->rfind(')');
    if (end == std::string::npos || end + 2 >= text->size()) return load;
    const auto fields = split(std::string_view(*text).substr(end + 2), ' ');
    constexpr std::size_t kFirst = 11;  // utime, field 14 of proc(5); counted from field 3
    constexpr std::size_t kThreads = 17;
    if (fields.size() <= kThreads) return load;
    std::uint64_t ticks = 0;
    for (std::size_t i = kFirst; i < kFirst + 4; ++i) {
        ticks += std::strtoull(fields[i].c_str(), nullptr, 10);
    }
    const auto second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    load.cpu = Millis(static_cast<std::int64_t>(ticks * 1000 / second));
    load.threads = static_cast<int>(std::strtol(fields[kThreads].c_str(), nullptr, 10));
    return load;
}

int descriptors_of(pid_t pid) {
    const std::string path = path_of(pid, "fd");
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return 0;
    if (status.st_size > 0) return static_cast<int>(status.st_size);  // since Linux 6.2
    const sys::Directory dir(opendir(path.c_str()));
    int count = 0;
    while (dir && readdir(dir.get()) != nullptr) ++count;
    return std::max(0, count - 2);  // . and ..
}

}  // namespace lastgood::process::proc
