#include "daemon/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lastgood/base/sys/fd.h"

namespace lastgood::daemon {
namespace {

std::string& notify_path() {
    static std::string path;
    return path;
}

}  // namespace

void find_service_manager() {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr) return;
    notify_path() = path;
    unsetenv("NOTIFY_SOCKET");
}

void tell_service_manager(std::string_view state) {
    const std::string& path = notify_path();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return;
    sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size()));
}

}  // namespace lastgood::daemon
