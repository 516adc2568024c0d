#include "lastgood/base/sys/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::sys {
namespace {

enum class Stage : int { session, parent_death, descriptors, limits, mounts, user, workdir, exec };

const char* stage_text(Stage stage) {
    switch (stage) {
        case Stage::session:
            return "new session";
        case Stage::parent_death:
            return "parent-death signal";
        case Stage::descriptors:
            return "descriptors";
        case Stage::limits:
            return "limits";
        case Stage::mounts:
            return "read-only paths";
        case Stage::user:
            return "user";
        case Stage::workdir:
            return "working directory";
        case Stage::exec:
            return "exec";
    }
    return "?";
}

struct Failure {
    Stage stage;
    int error;
};

// Everything the child needs, made before fork: between fork and exec nothing allocates.
struct Prepared {
    const SpawnSpec* spec;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::vector<std::string> candidates;  // paths to try, in PATH's order
    std::string listen_pid;               // "LISTEN_PID=" with room for the digits
    std::string uid_map, gid_map;         // of a user namespace in which nobody changes
    pid_t parent = 0;
    int report = -1;
    bool in_cgroup = false;
    int first_free = 3;  // above every number the child wants
};

[[noreturn]] void fail(const Prepared& prepared, Stage stage) {
    const Failure failure{stage, errno};
    [[maybe_unused]] const auto written = write(prepared.report, &failure, sizeof failure);
    _exit(127);
}

void reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &action, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Moves every source above the wanted numbers first, so that no move overwrites a later source.
void place_descriptors(Prepared& prepared) {
    const auto& wanted = prepared.spec->fds;
    std::array<int, 16> moved{};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        moved[i] = fcntl(wanted[i].from, F_DUPFD_CLOEXEC, prepared.first_free);
        if (moved[i] < 0) fail(prepared, Stage::descriptors);
    }
    const int report = fcntl(prepared.report, F_DUPFD_CLOEXEC, prepared.first_free);
    if (report < 0) fail(prepared, Stage::descriptors);
    prepared.report = report;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; ++fd) {
        if (null >= 0 && null != fd) dup2(null, fd);
        if (null == fd) fcntl(fd, F_SETFD, 0);  // ours was closed, so /dev/null came to be here
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (dup2(moved[i], wanted[i].to) < 0) fail(prepared, Stage::descriptors);
    }
    // What stays open above is marked to close on exec; the report pipe needs to live until then.
    for (int fd = 3; fd < prepared.first_free; ++fd) {
        const bool kept = std::any_of(wanted.begin(), wanted.end(),
                                      [fd](const FdMapping& map) { return map.to == fd; });
        if (!kept) close(fd);
    }
    syscall(SYS_close_range, prepared.first_free, ~0U, CLOSE_RANGE_CLOEXEC);
}

void write_listen_pid(Prepared& prepared) {
    // No leading zeros: some readers take them for octal.
    char digits[16];
    std::size_t count = 0;
    for (pid_t pid = getpid(); pid > 0; pid /= 10)
        digits[count++] = static_cast<char>('0' + pid % 10);
    char* out = prepared.listen_pid.data() + std::strlen("LISTEN_PID=");
    while (count > 0) *out++ = digits[--count];
    *out = '\0';
}

// Never above what holds for us: only root may raise that.
template <typename Resource>
bool bound(Resource resource, std::uint64_t most) {
    if (most == 0) return true;
    rlimit limit{};
    if (getrlimit(resource, &limit) < 0) return false;
    const rlim_t lowest = std::min<rlim_t>(most, limit.rlim_max);
    limit = {lowest, lowest};
    return setrlimit(resource, &limit) == 0;
}

void set_limits(const Prepared& prepared) {
    const SpawnSpec& spec = *prepared.spec;
    if (!bound(RLIMIT_FSIZE, spec.file_bytes_max) || !bound(RLIMIT_DATA, spec.memory_bytes_max)) {
        fail(prepared, Stage::limits);
    }
    if (spec.nofile) {
        const auto count = static_cast<rlim_t>(*spec.nofile);
        const rlimit limit{count, count};
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0) fail(prepared, Stage::limits);
    }
    if (spec.nice && setpriority(PRIO_PROCESS, 0, *spec.nice) < 0) fail(prepared, Stage::limits);
    if (spec.umask) umask(static_cast<mode_t>(*spec.umask));
}

bool write_to(const char* path, std::string_view text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool done = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(fd);
    return done;
}

void mount_read_only(const Prepared& prepared) {
    bool done = mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
    mount_attr read_only{};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    for (const auto& path : prepared.spec->read_only_paths) {
        done = done && mount(path.c_str(), path.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
               syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), AT_RECURSIVE, &read_only,
                       sizeof read_only) == 0;
    }
    if (!done) fail(prepared, Stage::mounts);
}

void protect_paths(const Prepared& prepared, bool privileged) {
    if (prepared.spec->read_only_paths.empty()) return;
    if (!privileged) {
        prctl(PR_SET_DUMPABLE, 1);  // else our own /proc/self is closed to us; exec does it anyway
        const bool made = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
                          write_to("/proc/self/setgroups", "deny") &&
                          write_to("/proc/self/uid_map", prepared.uid_map) &&
                          write_to("/proc/self/gid_map", prepared.gid_map);
        if (!made) fail(prepared, Stage::mounts);
    }
    mount_read_only(prepared);
}

// After what needs privilege: groups first, the user last.
void become(const Prepared& prepared) {
    const SpawnSpec& spec = *prepared.spec;
    if (spec.identity) {
        const Identity& identity = *spec.identity;
        const bool done = setgroups(identity.groups.size(), identity.groups.data()) == 0 &&
                          setresgid(identity.gid, identity.gid, identity.gid) == 0 &&
                          setresuid(identity.uid, identity.uid, identity.uid) == 0;
        if (!done) fail(prepared, Stage::user);
    }
    if (spec.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        fail(prepared, Stage::user);
    }
}

[[noreturn]] void run_child(Prepared& prepared) {
    const SpawnSpec& spec = *prepared.spec;
    reset_signals();
    if (!prepared.in_cgroup && spec.cgroup >= 0) {
        const int procs = openat(spec.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        [[maybe_unused]] const auto moved = write(procs, "0", 1);
    }
    if (spec.new_session && setsid() < 0) fail(prepared, Stage::session);
    place_descriptors(prepared);
    set_limits(prepared);
    const bool privileged = !spec.read_only_paths.empty() && unshare(CLONE_NEWNS) == 0;
    if (privileged) protect_paths(prepared, true);
    become(prepared);
    if (!privileged) protect_paths(prepared, false);
    if (spec.die_with_parent) {  // a change of the user takes it away again
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail(prepared, Stage::parent_death);
        if (getppid() != prepared.parent) _exit(127);  // it died in between
    }
    if (!spec.workdir.empty() && chdir(spec.workdir.c_str()) < 0) fail(prepared, Stage::workdir);
    if (spec.set_listen_pid) write_listen_pid(prepared);
    int error = ENOENT;
    for (const auto& candidate : prepared.candidates) {
        execve(candidate.c_str(), prepared.argv.data(), prepared.envp.data());
        // A later folder of PATH may have it; the most telling error is kept, as a shell does.
        if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    errno = error;
    fail(prepared, Stage::exec);
}

Prepared prepare(const SpawnSpec& spec) {
    Prepared prepared;
    prepared.spec = &spec;
    prepared.candidates = program_candidates(spec.argv.front(), spec.env);
    prepared.listen_pid = "LISTEN_PID=0000000000";
    prepared.parent = getpid();
    const auto stays = [](auto id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; };
    prepared.uid_map = stays(spec.identity ? spec.identity->uid : geteuid());
    prepared.gid_map = stays(spec.identity ? spec.identity->gid : getegid());
    for (const auto& word : spec.argv) prepared.argv.push_back(const_cast<char*>(word.c_str()));
    prepared.argv.push_back(nullptr);
    for (const auto& entry : spec.env) prepared.envp.push_back(const_cast<char*>(entry.c_str()));
    for (const auto& map : spec.fds) {
        prepared.first_free = std::max(prepared.first_free, map.to + 1);
    }
    return prepared;
}

// A process that is born in its cgroup needn't be moved there, which waits for all of the kernel's
// readers, some ten milliseconds. Not before Linux 5.7, and not where a filter can't look into
// clone3.
pid_t fork_into(int cgroup, bool& is_in_it) {
    if (cgroup >= 0) {
        clone_args arguments{};
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.exit_signal = SIGCHLD;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup);
        is_in_it = true;
        const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
        if (pid >= 0) return static_cast<pid_t>(pid);
        is_in_it = false;
    }
    return fork();
}

// A child of ours that ended at once is a zombie, and has a start time all the same.
std::uint64_t start_time_of(pid_t pid, bool of_dead_too) {
    auto stat = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    if (!stat) return 0;
    // The name, in parentheses, may hold anything: count from the last one.
    const auto end = stat->rfind(')');
    if (end == std::string::npos || end + 2 >= stat->size()) return 0;
    const auto fields = split(std::string_view(*stat).substr(end + 2), ' ');
    constexpr std::size_t kStartTime = 19;  // field 22, counted from field 3
    if (fields.size() <= kStartTime) return 0;
    if (!of_dead_too && (fields[0] == "Z" || fields[0] == "X")) return 0;
    return std::strtoull(fields[kStartTime].c_str(), nullptr, 10);
}

}  // namespace

std::vector<std::string> program_candidates(const std::string& program,
                                            const std::vector<std::string>& env) {
    if (program.find('/') != std::string::npos) return {program};
    std::string path = "/usr/local/bin:/usr/bin:/bin";
    for (const auto& entry : env) {
        if (entry.starts_with("PATH=")) path = entry.substr(5);
    }
    std::vector<std::string> candidates;
    for (const auto& folder : split(path, ':')) {
        if (!folder.empty()) candidates.push_back(folder + "/" + program);
    }
    return candidates;
}

Expected<Child> spawn(const SpawnSpec& spec) {
    LG_ASSERT(!spec.argv.empty() && spec.fds.size() <= 16);
    auto report = make_pipe(O_CLOEXEC);
    if (!report) return report.error();
    Prepared prepared = prepare(spec);
    if (spec.set_listen_pid) prepared.envp.push_back(prepared.listen_pid.data());
    prepared.envp.push_back(nullptr);
    prepared.report = report->write.get();

    // No signal may reach a handler of ours in the child before reset_signals().
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = fork_into(spec.cgroup, prepared.in_cgroup);
    if (pid == 0) run_child(prepared);
    const int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return system_error("could not start " + spec.argv[0] + " (fork)", fork_error);

    Child child;
    child.pid = pid;
    child.pidfd = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    child.start_time = start_time_of(pid, true);
    report->write.reset();
    Failure failure{};
    ssize_t got = 0;
    do {
        got = read(report->read.get(), &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof failure) return child;

    waitpid(pid, nullptr, 0);
    if (failure.stage == Stage::user && spec.identity) {
        Error error = system_error(
            "could not become user " + spec.identity->name + " to start " + spec.argv[0],
            failure.error);
        error.mend = "run lastgood as root, or remove `user`";
        return error;
    }
    if (failure.stage == Stage::mounts) {
        std::string paths;
        for (const auto& path : spec.read_only_paths) paths += (paths.empty() ? "" : ", ") + path;
        Error error = system_error("could not make " + paths + " read-only for " + spec.argv[0],
                                   failure.error);
        error.mend =
            failure.error == EPERM
                ? "let lastgood make namespaces (CAP_SYS_ADMIN, or unprivileged user namespaces), "
                  "or remove `read_only_paths`"
                : "mend `read_only_paths`: each must be there (Linux 5.12 or newer)";
        return error;
    }
    const std::string thing = failure.stage == Stage::workdir ? spec.workdir : spec.argv[0];
    Error error = system_error("could not start " + thing, failure.error);
    error.what += std::string(" (") + stage_text(failure.stage) + ")";
    return error;
}

std::string describe_wait_status(int status) {
    if (WIFEXITED(status)) return "exited with status " + std::to_string(WEXITSTATUS(status));
    if (WIFSIGNALED(status)) {
        const char* name = sigabbrev_np(WTERMSIG(status));
        return std::string("killed by SIG") +
               (name != nullptr ? name : std::to_string(WTERMSIG(status)));
    }
    return "ended";
}

bool is_child(pid_t pid) {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

std::uint64_t process_start_time(pid_t pid) {
    return start_time_of(pid, false);
}

}  // namespace lastgood::sys
