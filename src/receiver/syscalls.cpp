#include "receiver/syscalls.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace lastgood::receiver {
namespace {

// Serving sockets that are open already, memory, threads that exist already, time. A name that an
// architecture lacks is passed over.
constexpr auto kAllowed = std::to_array<const char*>({
    "read",
    "readv",
    "recvfrom",
    "recvmsg",
    "write",
    "writev",
    "sendto",
    "sendmsg",
    "accept",
    "accept4",
    "close",
    "shutdown",
    "getsockopt",
    "setsockopt",
    "getsockname",
    "getpeername",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_ctl",
    "epoll_ctl_old",
    "poll",
    "ppoll",
    "futex",
    "futex_time64",
    "futex_waitv",
    "sched_yield",
    "membarrier",
    "rseq",
    "set_robust_list",
    "clock_gettime",
    "clock_gettime64",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "nanosleep",
    "gettimeofday",
    "time",
    "restart_syscall",
    "getrandom",
    "brk",
    "munmap",
    "madvise",
    "mremap",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "getpid",
    "gettid",
    "exit",
    "exit_group",
    "fstat",
});

// What only an intruder would try: it ends the process, and the daemon's log says so.
constexpr auto kFatal = std::to_array<const char*>({
    "execve",
    "execveat",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kill",
    "tkill",
    "pidfd_send_signal",
    "pidfd_getfd",
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "mount",
    "bpf",
    "io_uring_setup",
    "userfaultfd",
    "perf_event_open",
    "init_module",
    "finit_module",
    "setuid",
    "setresuid",
    "unshare",
    "setns",
    "memfd_create",
});

class Filter {
  public:
    // Everything else fails as if it weren't permitted: a library that tries something new goes on
    // without it instead of taking the front door down.
    Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {}
    ~Filter() {
        if (context_ != nullptr) seccomp_release(context_);
    }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    int add_rules() {
        if (context_ == nullptr) return -ENOMEM;
        for (const char* name : kAllowed) add(SCMP_ACT_ALLOW, name);
        for (const char* name : kFatal) add(SCMP_ACT_KILL_PROCESS, name);
        // Memory, but never code.
        for (const char* name : {"mmap", "mmap2", "mprotect"}) {
            add_if(name, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        }
        // abort() signals its own process; nobody else can be.
        add_if("tgkill", SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));
        return failed_;
    }
    int load() {
        const int together = seccomp_attr_set(context_, SCMP_FLTATR_CTL_TSYNC, 1);
        return together < 0 ? together : seccomp_load(context_);
    }

  private:
    void add(std::uint32_t action, const char* name) {
        const int number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR) return;
        const int result = seccomp_rule_add(context_, action, number, 0);
        if (result < 0) failed_ = result;
    }
    void add_if(const char* name, const scmp_arg_cmp& condition) {
        const int number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR) return;
        const int result = seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, number, 1, &condition);
        if (result < 0) failed_ = result;
    }

    scmp_filter_ctx context_;
    int failed_ = 0;
};

}  // namespace

std::string allow_own_syscalls_only() {
    Filter filter;
    int result = filter.add_rules();
    if (result == 0) result = filter.load();
    if (result == 0) return {};
    return "seccomp (" + std::generic_category().message(-result) + ")";
}

}  // namespace lastgood::receiver
