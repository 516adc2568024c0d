#include "cli/doctor/account.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "cli/doctor/judge.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli::diagnosis {
namespace {

constexpr std::size_t kUnitBytesMax = 64 * 1024;

Account from(const passwd& entry) {
    return {entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir};
}

std::optional<Account> account_of_unit() {
    for (const char* folder :
         {"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}) {
        const auto unit = sys::read_file(std::string(folder) + "/lastgood.service", kUnitBytesMax);
        if (!unit) continue;
        const std::string user = user_in_unit(*unit);
        return user.empty() ? account_of(0) : account_named(user);
    }
    return std::nullopt;
}

}  // namespace

Account account_of(uid_t uid) {
    const passwd* entry = getpwuid(uid);
    if (entry != nullptr) return from(*entry);
    return {uid, static_cast<gid_t>(uid), std::to_string(uid), "/"};
}

std::optional<Account> account_named(const std::string& name) {
    const passwd* entry = getpwnam(name.c_str());
    if (entry == nullptr) return std::nullopt;
    return from(*entry);
}

Account daemon_account(const std::optional<uid_t>& running, bool default_config,
                       const std::string& state_dir) {
    if (running) return account_of(*running);
    if (default_config) {
        if (auto account = account_of_unit()) return *account;
    }
    struct stat about {};
    if (stat(state_dir.c_str(), &about) == 0) return account_of(about.st_uid);
    return account_of(geteuid());
}

Expected<void> become(const Account& account) {
    if (initgroups(account.name.c_str(), account.gid) != 0 || setgid(account.gid) != 0 ||
        setuid(account.uid) != 0) {
        return system_error("could not take the rights of " + account.name, errno);
    }
    setenv("HOME", account.home.c_str(), 1);
    prctl(PR_SET_DUMPABLE, 1);  // else our own /proc/self is closed to us
    return {};
}

}  // namespace lastgood::cli::diagnosis
