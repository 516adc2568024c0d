// After linux/landlock.h and Documentation/userspace-api/landlock.rst of Linux. The structure and
// its bits are written out here, because Debian 12's header knows the first two ABIs alone and the
// kernel may know more.
#include "receiver/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace lastgood::receiver {
namespace {

struct Ruleset {
    std::uint64_t fs;
    std::uint64_t net;     // ABI 4: binding and connecting TCP
    std::uint64_t scoped;  // ABI 6: abstract unix sockets and signals
};
constexpr std::uint64_t kNet = 0b11;
constexpr std::uint64_t kScoped = 0b11;
constexpr unsigned kVersionFlag = 1;

// How many bits of `fs` each ABI has, from the first on.
std::uint64_t fs_rights(long abi) {
    constexpr std::array<int, 5> kBits = {13, 14, 15, 15, 16};
    const auto last = static_cast<long>(kBits.size());
    return (std::uint64_t{1} << kBits[static_cast<std::size_t>((abi < last ? abi : last) - 1)]) - 1;
}

std::string failed(const char* what) {
    return std::string("Landlock (") + what + ": " + std::generic_category().message(errno) + ")";
}

}  // namespace

std::string give_up_files() {
    const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
    if (abi < 1) return failed("this kernel has none");
    Ruleset ruleset{fs_rights(abi), abi >= 4 ? kNet : 0, abi >= 6 ? kScoped : 0};
    const std::size_t size = abi >= 6   ? sizeof ruleset
                             : abi >= 4 ? 2 * sizeof(std::uint64_t)
                                        : sizeof(std::uint64_t);
    const auto fd = static_cast<int>(syscall(SYS_landlock_create_ruleset, &ruleset, size, 0));
    if (fd < 0) return failed("no ruleset");
    const long done = syscall(SYS_landlock_restrict_self, fd, 0);
    std::string why;
    if (done != 0) why = failed("not applied");
    close(fd);
    return why;
}

}  // namespace lastgood::receiver
