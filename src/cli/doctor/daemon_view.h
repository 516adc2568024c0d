// What the running daemon says of itself, and what /proc says of it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/answers.h"
#include "cli/doctor/account.h"

namespace lastgood::cli::diagnosis {

struct DaemonView {
    bool answers = false;
    bool denied = false;  // it is there, and we may not ask it
    std::string why;      // it doesn't answer
    pid_t pid = 0;
    std::optional<DaemonProcess> process;  // none: nobody listens, or we may not ask
    std::string version;                   // empty: too old to say
    bool replaced = false;                 // the file of its program is another one by now
    std::string trouble;                   // why it can't record deliveries
    std::vector<AppView> apps;
    std::vector<TargetView> targets;  // that are told
    std::string path;                 // its PATH; empty: can't be seen

    [[nodiscard]] bool runs() const { return answers || denied; }
    [[nodiscard]] const AppView* find(const std::string& app) const;
};

// The variables that a process was started with; none where they can't be seen.
std::vector<std::string> environment_of(pid_t pid);

DaemonView look_at_daemon(const std::string& socket_path);

// Who listens there.
std::optional<DaemonProcess> daemon_process(const std::string& socket_path);

}  // namespace lastgood::cli::diagnosis
