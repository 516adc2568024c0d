#include "lastgood/http/listen.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/socket_address.h"
#include "lastgood/base/sys/tcp_sockets.h"

namespace lastgood::http {
namespace {

Error bind_error(const std::string& where, std::uint16_t port, int error) {
    Error result = system_error("could not listen on " + where, error);
    if (error == EADDRINUSE) {
        const auto holders = sys::port_holders(port);
        if (!holders.empty()) result.what += ", it is held by " + holders.front().text();
        result.mend = "end the other program, or choose another port";
    } else if (error == EACCES) {
        result.mend = "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one";
    } else if (error == EADDRNOTAVAIL) {
        result.mend = "this machine has no such address; use 0.0.0.0 for all of them";
    }
    return result;
}

std::string shown(const std::string& host, std::uint16_t port) {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
           std::to_string(port);
}

// `failure`: of bind(2), 0 when it is bound.
Expected<sys::Fd> bound_socket(const std::string& host, std::uint16_t port, int& failure) {
    const auto address = sys::ip_address(host, port);
    if (!address) return Error{host + " is no IP address", "write it as 0.0.0.0:8787"};
    sys::Fd fd(socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return system_error("could not make a socket for " + shown(host, port), errno);
    const int on = 1;
    const int off = 0;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (host == "::") setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    failure = bind(fd.get(), &address->any, length(*address)) < 0 ? errno : 0;
    return fd;
}

// Removes what is left of an earlier daemon; refuses where somebody listens or it is no socket.
Expected<void> clear_path(const std::string& path, const sys::SocketAddress& address) {
    struct stat info {};
    if (lstat(path.c_str(), &info) < 0) return {};
    if (!S_ISSOCK(info.st_mode)) {
        return Error{path + " is in the way and is no socket", "move it away"};
    }
    const sys::Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return system_error("could not make a socket", errno);
    const int result = connect(probe.get(), &address.any, length(address));
    // EAGAIN: its queue is full, so somebody listens.
    if (result == 0 || errno == EAGAIN || errno == EINPROGRESS) {
        return Error{"somebody listens on " + path + " already", "end the other daemon first"};
    }
    if (errno != ECONNREFUSED && errno != ENOENT) {
        return system_error("could not tell whether somebody listens on " + path, errno);
    }
    if (unlink(path.c_str()) < 0 && errno != ENOENT) {
        return system_error("could not remove the stale " + path, errno);
    }
    return {};
}

Expected<void> give_to_group(const std::string& path, const std::string& group, bool required) {
    if (group.empty()) return {};
    std::vector<char> buffer(64 * 1024);
    struct group entry {};
    struct group* found = nullptr;
    getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) {
        if (!required) return {};
        return Error{"there is no group " + group, "groupadd --system " + group};
    }
    if (chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) < 0 && required) {
        return system_error("could not give " + path + " to group " + group, errno);
    }
    return {};
}

}  // namespace

Expected<sys::Fd> listen_tcp(const std::string& host, std::uint16_t port) {
    int failure = 0;
    auto fd = bound_socket(host, port, failure);
    if (!fd) return fd;
    if (failure == 0 && listen(fd->get(), static_cast<int>(limits::kListenBacklog)) < 0) {
        failure = errno;
    }
    if (failure != 0) return bind_error(shown(host, port), port, failure);
    return fd;
}

Expected<bool> is_free(const std::string& host, std::uint16_t port) {
    int failure = 0;
    const auto fd = bound_socket(host, port, failure);
    if (!fd) return fd.error();
    if (failure == 0) return true;
    if (failure == EADDRINUSE) return false;
    return bind_error(shown(host, port), port, failure);
}

Expected<sys::Fd> listen_unix(const std::string& path, mode_t mode, const std::string& group,
                              bool group_required) {
    const auto address = sys::unix_address(path);
    if (!address) return address.error();
    if (auto cleared = clear_path(path, *address); !cleared) return cleared.error();
    sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return system_error("could not make a socket for " + path, errno);
    if (bind(fd.get(), &address->any, length(*address)) < 0) {
        return system_error("could not make the socket " + path, errno);
    }
    // Nobody can connect before listen(), whatever the file's mode is until then.
    auto given = give_to_group(path, group, group_required);
    Expected<void> result = given;
    if (result && chmod(path.c_str(), mode) < 0) {
        result = system_error("could not set the mode of " + path, errno);
    }
    if (result && listen(fd.get(), static_cast<int>(limits::kListenBacklog)) < 0) {
        result = system_error("could not listen on " + path, errno);
    }
    if (!result) {
        unlink(path.c_str());
        return result.error();
    }
    return fd;
}

std::uint16_t local_port(int fd) {
    const auto address = sys::bound_address(fd);
    return address ? sys::port_of(*address) : 0;
}

}  // namespace lastgood::http
