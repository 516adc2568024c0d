#include "process/unix_slots.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/socket_address.h"

namespace lastgood::process::unix_slots {
namespace {

constexpr mode_t kMode = 0666;  // as systemd's SocketMode=: the folder says who gets there

bool is_same_file(const std::string& a, const std::string& b) {
    struct stat first {};
    struct stat second {};
    return lstat(a.c_str(), &first) == 0 && lstat(b.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool somebody_listens(const std::string& path) {
    const auto address = sys::unix_address(path);
    const sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!address || !fd) return false;
    return connect(fd.get(), &address->any, length(*address)) == 0 || errno == EAGAIN;
}

// `path` is another program's, or a file of people's.
Expected<void> check_path(const std::string& path) {
    struct stat info {};
    if (lstat(path.c_str(), &info) < 0) return {};
    if (!S_ISSOCK(info.st_mode)) {
        return Error{path + " is in the way and is no socket",
                     "move it away or set another path for `listen`"};
    }
    for (const Slot slot : kSlots) {
        if (is_same_file(path, path_of(path, slot))) return {};
    }
    if (!somebody_listens(path)) return {};
    return Error{"another program listens on " + path,
                 "stop that program or set another path for `listen`"};
}

}  // namespace

std::string path_of(const std::string& path, Slot slot) {
    return path + "." + std::string(to_string(slot));
}

Expected<sys::Fd> open(const std::string& path, Slot slot) {
    if (auto checked = check_path(path); !checked) return checked.error();
    const std::string own = path_of(path, slot);
    const auto address = sys::unix_address(own);
    if (!address) return address.error();
    if (somebody_listens(own)) {
        return Error{"another lastgood listens on " + own,
                     "stop it, or set another path for `listen`"};
    }
    (void)unlink(own.c_str());
    sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return system_error("can't make a socket for " + own, errno);
    if (bind(fd.get(), &address->any, length(*address)) < 0) {
        const int failure = errno;
        Error error = system_error("can't listen on " + own, failure);
        if (failure == ENOENT || failure == EACCES) {
            error.mend =
                "make its folder, and let the user lastgood runs as write there; under "
                "systemd: RuntimeDirectory=";
        }
        return error;
    }
    if (chmod(own.c_str(), kMode) < 0) return system_error("can't open up " + own, errno);
    if (listen(fd.get(), limits::kSlotBacklog) < 0)
        return system_error("can't listen on " + own, errno);
    return fd;
}

Expected<void> point(const std::string& path, Slot slot) {
    const std::string own = path_of(path, slot);
    const std::string fresh = path + ".new";
    (void)unlink(fresh.c_str());
    if (link(own.c_str(), fresh.c_str()) < 0) return system_error("can't link " + fresh, errno);
    if (rename(fresh.c_str(), path.c_str()) < 0)
        return system_error("can't replace " + path, errno);
    // Where both were the same already the rename does nothing.
    (void)unlink(fresh.c_str());
    return {};
}

std::unordered_set<std::uint64_t> connections(const std::string& path) {
    constexpr unsigned kConnected = 3;  // SS_CONNECTED
    std::unordered_set<std::uint64_t> found;
    std::ifstream table("/proc/net/unix");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        unsigned state = 0;
        unsigned long inode = 0;
        int at = 0;
        // Num RefCount Protocol Flags Type St Inode Path
        const int read =
            std::sscanf(line.c_str(), "%*s %*s %*s %*s %*s %x %lu %n", &state, &inode, &at);
        if (read == 2 && state == kConnected && line.substr(static_cast<std::size_t>(at)) == path) {
            found.insert(inode);
        }
    }
    return found;
}

void remove(const std::string& path) {
    (void)unlink(path.c_str());
    for (const Slot slot : kSlots) (void)unlink(path_of(path, slot).c_str());
}

}  // namespace lastgood::process::unix_slots
