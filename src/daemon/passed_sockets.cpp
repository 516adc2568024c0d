#include "daemon/passed_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/socket_address.h"

namespace lastgood::daemon {
namespace {

constexpr int kFirst = 3;
constexpr int kMany = 2048;  // two for each app

std::string taken(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    unsetenv(name);
    return text;
}

bool listens(int fd) {
    int listening = 0;
    socklen_t size = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

// "0.0.0.0:8787", as config::ListenAddress writes it; empty for what is no TCP socket.
std::string address_of(int fd) {
    const auto address = sys::bound_address(fd);
    if (!address || address->any.sa_family == AF_UNIX) return {};
    return sys::host_of(*address);
}

}  // namespace

std::vector<PassedSocket> take_passed_sockets() {
    const std::string pid = taken("LISTEN_PID");
    const std::string count = taken("LISTEN_FDS");
    const std::vector<std::string> names = split(taken("LISTEN_FDNAMES"), ':');
    std::vector<PassedSocket> passed;
    if (pid != std::to_string(getpid())) return passed;
    int many = 0;
    std::from_chars(count.data(), count.data() + count.size(), many);
    many = std::min(many, kMany);
    for (int i = 0; i < many; ++i) {
        const auto at = static_cast<std::size_t>(i);
        fcntl(kFirst + i, F_SETFD, FD_CLOEXEC);
        passed.push_back({at < names.size() ? names[at] : "", sys::Fd(kFirst + i)});
    }
    return passed;
}

sys::Fd pick_webhook_socket(std::vector<PassedSocket>& passed, const config::Webhook& webhook) {
    for (auto& socket : passed) {
        const std::string address = address_of(socket.fd.get());
        if (!listens(socket.fd.get()) || address.empty()) continue;
        if (webhook.from_systemd || (webhook.listen && webhook.listen->text() == address)) {
            return std::move(socket.fd);
        }
    }
    return {};
}

}  // namespace lastgood::daemon
