#include "daemon/successor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "daemon/service_manager.h"
#include "lastgood/base/strings.h"

namespace lastgood::daemon {
namespace {

constexpr Millis kTryTimeMax{10'000};
constexpr int kFirst = 3;

// Above all that it will be placed at.
bool lift(std::vector<PassedSocket>& sockets) {
    for (auto& socket : sockets) {
        const int above = kFirst + static_cast<int>(sockets.size());
        sys::Fd lifted(fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, above));
        if (!lifted) return false;
        socket.fd = std::move(lifted);
    }
    return true;
}

}  // namespace

std::unique_ptr<process::RunSteps> try_successor(const Site& site,
                                                 std::function<void(std::string why_not)> fit) {
    process::StepsSpec spec;
    spec.steps = {{{site.program, "version"}, site.program + " version"}};
    spec.directory = "/";
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    spec.time_max = kTryTimeMax;
    spec.token = "successor/" + std::to_string(getpid());
    process::RunSteps::News news;
    news.done = [fit = std::move(fit)](const process::StepsResult& result) {
        fit(result.ok ? ""
                      : result.reason + (result.tail.empty() ? "" : ": " + result.tail.back()));
    };
    return process::RunSteps::start(site.loop, site.reaper, std::move(spec), std::move(news));
}

Error become_successor(const std::string& program, const std::string& config_path,
                       std::vector<PassedSocket> sockets) {
    std::string names;
    if (!lift(sockets)) return system_error("could not keep the sockets", errno);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        if (dup2(sockets[i].fd.get(), kFirst + static_cast<int>(i)) < 0) {
            return system_error("could not keep the sockets", errno);
        }
        names += (i == 0 ? "" : ":") + sockets[i].name;
    }
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
    setenv("LISTEN_FDNAMES", names.c_str(), 1);
    hand_service_manager_on();
    execl(program.c_str(), program.c_str(), "--config", config_path.c_str(), "serve", nullptr);
    return system_error("could not become " + program, errno);
}

}  // namespace lastgood::daemon
