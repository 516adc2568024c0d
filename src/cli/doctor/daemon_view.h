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
    std::string config;               // the file that it reads; empty: can't be seen
    bool own_tmp = false;             // its /tmp is not ours

    [[nodiscard]] bool runs() const { return answers || denied; }
    [[nodiscard]] const AppView* find(const std::string& app) const;
};

// The variables that a process was started with; none where they can't be seen.
std::vector<std::string> environment_of(pid_t pid);

// The config that a daemon with this command line and these variables reads, as it was given.
std::string config_named(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& variables);

DaemonView look_at_daemon(const std::string& socket_path);

// Who listens there.
std::optional<DaemonProcess> daemon_process(const std::string& socket_path);

}  // namespace lastgood::cli::diagnosis
