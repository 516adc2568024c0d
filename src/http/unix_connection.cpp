#include "http/unix_connection.h"

#include <sys/socket.h>

#include <cerrno>

#include "lastgood/base/sys/socket_address.h"

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
    const auto address = sys::unix_address(path);
    if (!address) return not_reached(path, ENAMETOOLONG);
    sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), &address->any, length(*address)) < 0) {
        return not_reached(path, errno);
    }
    return fd;
}

}  // namespace lastgood::http
