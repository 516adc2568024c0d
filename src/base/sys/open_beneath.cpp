#include "lastgood/base/sys/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace lastgood::sys {

Fd open_by_components(int folder, const std::string& path, int flags, mode_t mode) {
    Fd parent;
    std::string_view rest = path;
    while (true) {
        const auto slash = rest.find('/');
        const std::string name(rest.substr(0, slash));
        if (name.empty() || name == "..") {
            errno = EXDEV;  // as openat2(2) says it
            return {};
        }
        const int from = parent ? parent.get() : folder;
        if (slash == std::string_view::npos) {
            return Fd(openat(from, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
        }
        Fd next(openat(from, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next) return {};
        parent = std::move(next);
        rest.remove_prefix(slash + 1);
    }
}

Fd open_beneath(int folder, const std::string& path, int flags, mode_t mode) {
    static std::atomic<bool> has_openat2{true};
    if (has_openat2) {
        open_how how{};
        how.flags = static_cast<std::uint64_t>(flags | O_NOFOLLOW | O_CLOEXEC);
        how.mode = (flags & O_CREAT) != 0 ? mode : 0;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
        Fd fd(static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
        if (fd || errno != ENOSYS) return fd;
        has_openat2 = false;
    }
    return open_by_components(folder, path, flags, mode);
}

}  // namespace lastgood::sys
