// Starting a child process, with every way to fail told apart.
//
// fork and exec; the child reports {stage, errno} through a pipe that closes on exec, so that a
// program that can't be started is an Error here and not an exit code later. Must be called from a
// thread that lives as long as the process (PR_SET_PDEATHSIG is bound to the thread).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::sys {

struct FdMapping {
    int from;  // ours
    int to;    // the child's number; every descriptor that is not mapped is closed in the child
};

// Whom a process runs as.
struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // all supplementary ones
    std::string name;           // of the user
    std::string home;
    std::string shell;
};

// By names or numbers; an empty group: the user's own. May ask the network for users that are not
// of this machine (nsswitch.conf). The Error says which of the two isn't there.
Expected<Identity> find_identity(const std::string& user, const std::string& group);
// By name or number, in the same way.
Expected<gid_t> find_group(const std::string& group);

struct SpawnSpec {
    std::vector<std::string>
        argv;                      // argv[0] with a slash: relative to workdir; else sought in PATH
    std::vector<std::string> env;  // the whole environment, "NAME=value"
    std::string workdir;           // empty: ours
    std::vector<FdMapping> fds;    // 0, 1 and 2 are /dev/null where not mapped
    bool new_session = true;  // own session and process group, so that both can be killed whole
    bool die_with_parent = false;  // SIGKILL to the child when the calling thread ends
    bool set_listen_pid = false;   // fills LISTEN_PID with the child's own pid (systemd's protocol)
    std::optional<Identity> identity{};
    std::optional<int> nofile{};  // RLIMIT_NOFILE, soft and hard
    std::optional<int> nice{};
    std::optional<int> umask{};
    bool no_new_privileges = false;
    // Absolute; with all that is mounted below. In a mount namespace of its own; who may not make
    // one (CAP_SYS_ADMIN) gets it with a user namespace.
    std::vector<std::string> read_only_paths{};
    // Folder of the cgroup that it shall be in from its first moment; -1: ours. Where the kernel
    // refuses it starts all the same.
    int cgroup = -1;
    std::uint64_t file_bytes_max = 0;    // RLIMIT_FSIZE; 0: as ours
    std::uint64_t memory_bytes_max = 0;  // RLIMIT_DATA; 0: as ours
};

struct Child {
    pid_t pid = -1;
    Fd pidfd;
    std::uint64_t start_time =
        0;  // /proc/PID/stat field 22: with the pid it names a process for good
};

Expected<Child> spawn(const SpawnSpec& spec);

// Where spawn() looks for a program, in order.
std::vector<std::string> program_candidates(const std::string& program,
                                            const std::vector<std::string>& env);

// How a process ended, for people: "exited with status 3", "killed by SIGKILL".
std::string describe_wait_status(int status);

// A zombie, too, until it was waited for.
bool is_child(pid_t pid);

// Start time of a process, 0 if there is none (or it is a zombie).
std::uint64_t process_start_time(pid_t pid);

}  // namespace lastgood::sys
