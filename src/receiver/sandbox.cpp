#include "receiver/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "lastgood/base/strings.h"
#include "receiver/landlock.h"
#include "receiver/syscalls.h"

namespace lastgood::receiver {
namespace {

// Their run time opens files and makes calls of its own, and maps far more than it uses.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

constexpr uid_t kNobody = 65534;

struct Account {
    uid_t user = kNobody;
    gid_t group = kNobody;
};

Account own_account() {
    for (const char* name : {"lastgood-receiver", "nobody"}) {
        passwd entry{};
        passwd* found = nullptr;
        std::array<char, 16 * 1024> buffer{};
        getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found);
        if (found != nullptr && found->pw_uid != 0) return {found->pw_uid, found->pw_gid};
    }
    return {};
}

// A service manager may have given some to a daemon that isn't root.
void drop_capabilities() {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> none{};
    syscall(SYS_capset, &header, none.data());
}

// Private memory that this process has mapped by now, in bytes.
std::uint64_t mapped_data_bytes(int statm) {
    std::array<char, 256> text{};
    if (pread(statm, text.data(), text.size() - 1, 0) <= 0) return 0;
    // The sixth number: data and stacks, in pages.
    const std::vector<std::string> fields = split(text.data(), ' ');
    if (fields.size() < 6) return 0;
    return std::strtoull(fields[5].c_str(), nullptr, 10) *
           static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void limit(decltype(RLIMIT_CORE) resource, std::uint64_t value) {
    const rlimit both{value, value};
    setrlimit(resource, &both);
}

}  // namespace

Expected<void> Sandbox::leave_root() {
    if (geteuid() != 0) return {};
    const Account account = own_account();
    if (setgroups(0, nullptr) != 0 && errno == EPERM) {
        // Root of a container that was given no right to change users: it has no others either.
        missing_.emplace_back("a user of its own (no right to change to it)");
        return {};
    }
    if (setresgid(account.group, account.group, account.group) != 0 ||
        setresuid(account.user, account.user, account.user) != 0) {
        return system_error("the receiver could not leave root", errno);
    }
    // A change of user has reset it.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    return {};
}

Expected<void> Sandbox::enter() {
    own_size_ = sys::Fd(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
    if (auto left = leave_root(); !left) return left;
    drop_capabilities();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // secrets are in this memory; a change of user resets it
    limit(RLIMIT_CORE, 0);
    if (kSanitized) {
        missing_.emplace_back(
            "Landlock, seccomp and the memory limit (this is a sanitizer's build)");
        return {};
    }
    if (std::string why = give_up_files(); !why.empty()) missing_.push_back(std::move(why));
    return {};
}

void Sandbox::seal(std::uint64_t memory_bytes) {
    if (kSanitized) return;
    limit(RLIMIT_DATA, mapped_data_bytes(own_size_.get()) + memory_bytes);
    own_size_.reset();
    if (std::string why = allow_own_syscalls_only(); !why.empty()) {
        missing_.push_back(std::move(why));
    }
}

}  // namespace lastgood::receiver
