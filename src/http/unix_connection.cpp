#include "http/unix_connection.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace lastgood::http {
namespace {

Error not_reached(const std::string& path, int error) {
    Error result = system_error("nobody answers on " + path, error);
    if (error == ENOENT || error == ECONNREFUSED) {
        result.mend = "start the daemon: systemctl start lastgood, or lastgood serve";
    } else if (error == EACCES || error == EPERM) {
        result.mend = "run it with sudo, or add your user to the group lastgood";
    }
    return result;
}

}  // namespace

Expected<sys::Fd> connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return not_reached(path, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.data(), path.size());
    sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
        return not_reached(path, errno);
    }
    return fd;
}

}  // namespace lastgood::http
