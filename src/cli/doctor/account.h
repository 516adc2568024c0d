// Whom the daemon runs as: files must be readable for that user, whoever asks.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"

namespace lastgood::cli::diagnosis {

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;
    std::string home;
    std::vector<gid_t> more_groups;  // beside those that the user has by itself
};

Account account_of(uid_t uid);
std::optional<Account> account_named(const std::string& name);

struct DaemonProcess {
    pid_t pid = 0;
    uid_t uid = 0;
};

// The running daemon's; else that of its systemd unit (where `default_config`: the unit runs no
// other).
std::optional<Account> told_account(const std::optional<DaemonProcess>& running,
                                    bool default_config);
// Where that tells none: whose state_dir it is; else our own.
Account daemon_account(const std::optional<DaemonProcess>& running, bool default_config,
                       const std::string& state_dir);

// For good, with groups and HOME: from here on this process may do what the account may.
Expected<void> become(const Account& account);

}  // namespace lastgood::cli::diagnosis
