#include "cli/doctor/daemon_view.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "cli/context.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/socket_address.h"
#include "lastgood/http/client.h"

namespace lastgood::cli::diagnosis {
namespace {

constexpr std::size_t kProcBytesMax = 1 << 20;

// Who listens on the socket; the error is what connect(2) said.
int find_peer(const std::string& path, DaemonView& view) {
    const auto address = sys::unix_address(path);
    if (!address) return ENAMETOOLONG;
    const sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return errno;
    if (connect(fd.get(), &address->any, length(*address)) != 0) return errno;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return errno;
    view.pid = peer.pid;
    view.process = {peer.pid, peer.uid};
    return 0;
}

bool is_same_folder(const std::string& one, const std::string& other) {
    struct stat a {};
    struct stat b {};
    // What can't be seen is taken for the same.
    if (stat(one.c_str(), &a) != 0 || stat(other.c_str(), &b) != 0) return true;
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

std::string config_of(const std::string& folder, const std::vector<std::string>& variables) {
    if (variables.empty()) return {};  // not ours to see
    const auto line = sys::read_file(folder + "/cmdline", kProcBytesMax);
    if (!line) return {};
    std::error_code unknown;
    const auto from = std::filesystem::read_symlink(folder + "/cwd", unknown);
    return (from / config_named(split(*line, '\0'), variables)).lexically_normal().string();
}

void look_into_proc(DaemonView& view) {
    const std::string folder = "/proc/" + std::to_string(view.pid);
    view.own_tmp = !is_same_folder(folder + "/root/tmp", "/tmp");
    view.config = config_of(folder, environment_of(view.pid));
    std::error_code unknown;
    view.replaced =
        std::filesystem::read_symlink(folder + "/exe", unknown).string().ends_with(" (deleted)");
    for (const std::string& variable : environment_of(view.pid)) {
        if (variable.starts_with("PATH=")) view.path = variable.substr(5);
    }
}

}  // namespace

std::vector<std::string> environment_of(pid_t pid) {
    const auto environ = sys::read_file("/proc/" + std::to_string(pid) + "/environ", kProcBytesMax);
    return environ ? split(*environ, '\0') : std::vector<std::string>{};
}

std::string config_named(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& variables) {
    constexpr std::string_view kOption = "--config";
    constexpr std::string_view kVariable = "LASTGOOD_CONFIG=";
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (arguments[i] == kOption && i + 1 < arguments.size()) return arguments[i + 1];
        if (arguments[i].starts_with(std::string(kOption) + "=")) {
            return arguments[i].substr(kOption.size() + 1);
        }
    }
    for (const std::string& variable : variables) {
        if (variable.starts_with(kVariable) && variable.size() > kVariable.size()) {
            return variable.substr(kVariable.size());
        }
    }
    return kDefaultConfig;
}

const AppView* DaemonView::find(const std::string& app) const {
    const auto found = std::find_if(apps.begin(), apps.end(),
                                    [&app](const AppView& one) { return one.name == app; });
    return found == apps.end() ? nullptr : &*found;
}

std::optional<DaemonProcess> daemon_process(const std::string& socket_path) {
    DaemonView view;
    (void)find_peer(socket_path, view);
    return view.process;
}

DaemonView look_at_daemon(const std::string& socket_path) {
    DaemonView view;
    const int failure = find_peer(socket_path, view);
    if (failure != 0) {
        view.denied = failure == EACCES;
        view.why = system_error(socket_path, failure).what;
        return view;
    }
    look_into_proc(view);
    const auto get = [&socket_path](const char* path) {
        return http::request(socket_path, "GET", path, {}, limits::kExamineAnswerMax);
    };
    const auto health = get("/healthz");
    if (!health || health->status == 0) {
        view.why = health ? health->body : health.error().what;
        return view;
    }
    view.answers = true;
    if (health->status != 200) view.trouble = parse_error(health->body);
    if (const auto version = get("/v1/version"); version && version->status == 200) {
        view.version = parse_version(version->body);
    }
    if (const auto told = get("/v1/notifications"); told && told->status == 200) {
        view.targets = parse_targets(told->body).value_or(std::vector<TargetView>{});
    }
    if (const auto apps = get("/v1/apps"); apps && apps->status == 200) {
        view.apps = parse_apps(apps->body).value_or(std::vector<AppView>{});
    }
    return view;
}

}  // namespace lastgood::cli::diagnosis
