#include "cli/doctor/as_daemon.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "cli/doctor/checks.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli::diagnosis {
namespace {

// The first folder on the way to it that we can't enter; empty: none.
std::string closed_folder(const std::string& path) {
    std::filesystem::path way;
    for (const auto& part : std::filesystem::path(path).parent_path()) {
        way /= part;
        if (access(way.c_str(), X_OK) != 0) return way.string();
    }
    return {};
}

std::string how_to_open(const std::string& path, const std::string& reader) {
    const std::string folder = closed_folder(path);
    if (folder.empty()) return "chown " + reader + " " + path;
    return "let it into " + folder + ", or put the file into another folder; then chown " + reader +
           " " + path;
}

// Of those that are there; asked with the daemon's rights.
void look_at_files(const Account& account, const std::vector<config::NamedFile>& files,
                   const std::string& config_path, std::vector<config::Fault>& faults) {
    for (const config::NamedFile& file : files) {
        const int failure = look_at_file(file.path).failure;
        if (failure != EACCES && failure != EPERM) continue;
        const Error why{
            file.path + " can't be read by " + account.name + ", as whom the daemon runs",
            how_to_open(file.path, account.name)};
        const std::string key = file.key.empty() ? "" : file.key + ": ";
        faults.push_back({config_path, file.line, file.column, key + why.text()});
    }
}

void look_at_users(const Account& account, const config::Config& config,
                   std::vector<config::Fault>& faults) {
    for (const config::App& app : config.apps) {
        if (app.account.user.empty()) continue;
        const auto wanted = sys::find_identity(app.account.user, app.account.group);
        if (!wanted) continue;  // it may be made yet
        const auto why = user_fault(account, *wanted);
        if (!why) continue;
        faults.push_back({config.path, app.user_line, app.user_column,
                          "apps." + app.name.str() + ".user: " + why->text()});
    }
}

}  // namespace

std::vector<config::Fault> faults_of_daemon(const config::Config& config, bool default_config) {
    const auto running = daemon_process(config.runtime_dir + "/control.sock");
    const auto account = told_account(running, default_config);
    if (!account) return {};
    std::vector<config::Fault> faults;
    look_at_users(*account, config, faults);
    std::vector<config::NamedFile> files = config.files;
    files.push_back({config.path, {}});
    std::erase_if(files, [](const auto& file) { return !sys::exists(file.path); });
    const bool as_daemon = geteuid() == account->uid || (geteuid() == 0 && become(*account).ok());
    if (as_daemon) look_at_files(*account, files, config.path, faults);
    std::stable_sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return faults;
}

}  // namespace lastgood::cli::diagnosis
