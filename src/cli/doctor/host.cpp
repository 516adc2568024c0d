// The machine: the daemon's folders, its disk, its clock.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "cli/doctor/checks.h"
#include "cli/forge_session.h"
#include "lastgood/base/http_date.h"
#include "lastgood/base/limits.h"
#include "lastgood/http/remote_client.h"

namespace lastgood::cli::diagnosis {
namespace {

std::string chown_all(const Account& account, const std::string& path) {
    return "chown -R " + account.name + ": " + path;
}

// The first below that belongs to somebody else: a command that was run by the wrong user.
std::string foreign_file(const std::string& state_dir, uid_t owner) {
    for (const char* name : {"/lastgood.db", "/lock", "/apps", "/logs"}) {
        struct stat about {};
        const std::string path = state_dir + name;
        if (lstat(path.c_str(), &about) == 0 && about.st_uid != owner) return path;
    }
    return {};
}

// False: there is no use in looking further.
bool check_folder(const Patient& patient, const std::string& key, const std::string& path,
                  bool comes_by_itself, Report& report) {
    const Account& account = patient.account;
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) {
        const int why = errno;
        if (why == ENOENT && comes_by_itself) {
            report.add({key, Verdict::ok, path + " is not there yet, the daemon makes it", ""});
        } else if (why == ENOENT) {
            report.add({key, Verdict::warn, path + " is not there yet",
                        "install -d -m 0750 -o " + account.name + " " + path +
                            " (systemd does it for its unit)"});
        } else {
            report.add({key, Verdict::fail, system_error("can't look at " + path, why).what,
                        "let " + account.name + " into the folders above it"});
        }
        return false;
    }
    if (!S_ISDIR(about.st_mode)) {
        report.add({key, Verdict::fail, path + " is no folder", "correct " + key});
        return false;
    }
    if (about.st_uid != account.uid) {
        report.add({key, Verdict::fail,
                    path + " belongs to " + account_of(about.st_uid).name +
                        ", and the daemon runs as " + account.name,
                    chown_all(account, path)});
        return true;
    }
    if (patient.as_daemon && access(path.c_str(), W_OK | X_OK) != 0) {
        report.add({key, Verdict::fail, account.name + " can't write in " + path,
                    "chmod u+rwx " + path + ", and see whether its disk is mounted read-only"});
        return true;
    }
    report.add({key, Verdict::ok, path + ", of " + account.name, ""});
    return true;
}

void check_state_dir(const Patient& patient, Report& report) {
    const std::string& path = patient.config.state_dir;
    if (!check_folder(patient, "state_dir", path, patient.daemon.runs(), report)) return;
    const std::string foreign = foreign_file(path, patient.account.uid);
    if (foreign.empty()) return;
    report.add({"state_dir", Verdict::fail, foreign + " doesn't belong to " + patient.account.name,
                chown_all(patient.account, path)});
}

// Those of the daemon and of every app, the output of builds among them.
LogSpace look_at_logs(const std::string& state_dir) {
    LogSpace found;
    std::error_code error;
    const auto add_all = [&](const std::filesystem::path& folder) {
        std::filesystem::recursive_directory_iterator files(folder, error);
        for (; !error && files != end(files); files.increment(error)) {
            const auto size = files->is_regular_file(error) ? files->file_size(error) : 0;
            if (error) return;
            found.bytes += size;
            ++found.files;
        }
    };
    add_all(state_dir + "/logs");
    std::filesystem::directory_iterator apps(state_dir + "/apps", error);
    for (; !error && apps != end(apps); apps.increment(error)) add_all(apps->path() / "logs");
    return found;
}

// Of the folder, or of the nearest above it that is there.
void check_disk(const std::string& folder, Report& report) {
    std::filesystem::path path(folder);
    struct statvfs about {};
    while (statvfs(path.c_str(), &about) != 0) {
        if (!path.has_relative_path()) return;
        path = path.parent_path();
    }
    // What only root may take is not free for the daemon.
    const Space space{static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize,
                      static_cast<std::uint64_t>(about.f_blocks) * about.f_frsize, about.f_favail,
                      about.f_files};
    report.add(judge_space(folder, space));
    const LogSpace logs = look_at_logs(folder);
    if (logs.files > 0) report.add(judge_logs(folder, logs, space));
}

void check_runtime_disk(const std::string& folder, Report& report) {
    struct statvfs about {};
    if (statvfs(folder.c_str(), &about) != 0) return;
    const std::uint64_t free = static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
    if (free >= limits::kRuntimeBytesOut) return;
    report.add({"runtime_dir", Verdict::fail, format_size(free) + " free in " + folder,
                "make room on it, or set runtime_dir to another place"});
}

void check_time_server(Report& report) {
    timex state{};  // asks, changes nothing
    if (adjtimex(&state) < 0) return;
    if ((state.status & STA_UNSYNC) != 0) {
        report.add({"clock", Verdict::warn, "not set by a time server", kSetClock});
    } else {
        report.add({"clock", Verdict::ok, "set by a time server", ""});
    }
}

// Any answer of the first http remote tells the time; its path is not needed.
void check_against_remote(const Patient& patient, Report& report) {
    for (const config::App& app : patient.apps) {
        std::string address = app.repo;
        const auto scheme = address.find("://");
        if (!address.starts_with("http") || scheme == std::string::npos) continue;
        address = address.substr(0, address.find('/', scheme + 3));
        if (const auto at = address.rfind('@'); at != std::string::npos) {
            address.erase(scheme + 3, at - scheme - 2);
        }
        const auto url = parse_url(address + "/");
        if (!url || !app.auth.proxy.empty()) continue;
        http::RemoteRequest request{"HEAD", *url, {{"User-Agent", user_agent()}}, {}};
        auto options = remote_options(app.auth.ca_file);
        options.whole_time = options.silence = limits::kExamineAnswerMax;
        const auto result = http::send_remote(request, options);
        const auto* answer = std::get_if<http::RemoteAnswer>(&result);
        if (answer == nullptr) return;  // told with the remote
        const auto theirs = parse_http_date(answer->header("date"));
        if (!theirs) return;
        report.add(
            judge_clock(std::chrono::duration_cast<Millis>(wall_now() - *theirs), url->host));
        return;
    }
}

}  // namespace

void check_host(const Patient& patient, Report& report) {
    check_state_dir(patient, report);
    check_folder(patient, "runtime_dir", patient.config.runtime_dir, true, report);
    check_disk(patient.config.state_dir, report);
    check_runtime_disk(patient.config.runtime_dir, report);
    check_time_server(report);
    check_against_remote(patient, report);
}

}  // namespace lastgood::cli::diagnosis
