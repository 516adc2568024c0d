#include "cli/doctor/account.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "cli/doctor/judge.h"
#include "cli/doctor/unit.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::cli::diagnosis {
namespace {

constexpr std::size_t kStatusBytesMax = 64 * 1024;

Account from(const passwd& entry) {
    return {entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir, {}};
}

std::optional<Account> account_of_unit() {
    const auto unit = daemon_unit();
    if (!unit) return std::nullopt;
    const std::string user = setting_in_unit(*unit, "User");
    auto account = user.empty() ? account_of(0) : account_named(user);
    for (const std::string& line : settings_in_unit(*unit, "SupplementaryGroups")) {
        for (const std::string& name : split(line, ' ')) {
            const auto group = sys::find_group(name);
            if (account && group) account->more_groups.push_back(*group);
        }
    }
    return account;
}

std::vector<gid_t> groups_of(pid_t pid) {
    constexpr std::string_view kKey = "Groups:";
    const auto status = sys::read_file("/proc/" + std::to_string(pid) + "/status", kStatusBytesMax);
    std::vector<gid_t> groups;
    for (const std::string& line : split(status.ok() ? *status : std::string(), '\n')) {
        if (!line.starts_with(kKey)) continue;
        std::istringstream numbers(line.substr(kKey.size()));
        for (gid_t group = 0; numbers >> group;) groups.push_back(group);
    }
    return groups;
}

bool add_groups(const std::vector<gid_t>& more) {
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
    if (getgroups(static_cast<int>(groups.size()), groups.data()) < 0) return false;
    groups.insert(groups.end(), more.begin(), more.end());
    return setgroups(groups.size(), groups.data()) == 0;
}

}  // namespace

Account account_of(uid_t uid) {
    const passwd* entry = getpwuid(uid);
    if (entry != nullptr) return from(*entry);
    return {uid, static_cast<gid_t>(uid), std::to_string(uid), "/", {}};
}

std::optional<Account> account_named(const std::string& name) {
    const passwd* entry = getpwnam(name.c_str());
    if (entry == nullptr) return std::nullopt;
    return from(*entry);
}

std::optional<Account> told_account(const std::optional<DaemonProcess>& running,
                                    bool default_config) {
    if (running) {
        Account account = account_of(running->uid);
        account.more_groups = groups_of(running->pid);
        return account;
    }
    if (default_config) return account_of_unit();
    return std::nullopt;
}

Account daemon_account(const std::optional<DaemonProcess>& running, bool default_config,
                       const std::string& state_dir) {
    if (auto account = told_account(running, default_config)) return *account;
    struct stat about {};
    if (stat(state_dir.c_str(), &about) == 0) return account_of(about.st_uid);
    return account_of(geteuid());
}

Expected<void> become(const Account& account) {
    if (initgroups(account.name.c_str(), account.gid) != 0 || !add_groups(account.more_groups) ||
        setgid(account.gid) != 0 || setuid(account.uid) != 0) {
        return system_error("could not take the rights of " + account.name, errno);
    }
    setenv("HOME", account.home.c_str(), 1);
    prctl(PR_SET_DUMPABLE, 1);  // else our own /proc/self is closed to us
    return {};
}

}  // namespace lastgood::cli::diagnosis
