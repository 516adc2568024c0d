#include "cli/doctor/judge.h"

#include <time.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::diagnosis {
namespace {

std::string octal(mode_t mode) {
    char text[8];
    std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777U));
    return text;
}

unsigned percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 100
                      : static_cast<unsigned>(static_cast<double>(part) * 100.0 /
                                              static_cast<double>(whole));
}

std::string date(WallTime time) {
    return format_rfc3339(time).substr(0, 10);
}

}  // namespace

Finding judge_space(const std::string& folder, const Space& space) {
    const unsigned bytes = percent(space.free_bytes, space.bytes);
    const unsigned inodes = percent(space.free_inodes, space.inodes);
    const bool counts = space.inodes != 0;
    const bool no_inodes = counts && space.free_inodes < limits::kDiskInodesOut;
    const bool few_inodes = counts && inodes < limits::kDiskPercentLow;
    Finding finding{"disk", Verdict::ok, "", ""};
    if (space.free_bytes < limits::kDiskBytesOut || no_inodes) {
        finding.verdict = Verdict::fail;
    } else if (space.free_bytes < limits::kDiskBytesLow || bytes < limits::kDiskPercentLow ||
               few_inodes) {
        finding.verdict = Verdict::warn;
    }
    finding.found = format_size(space.free_bytes) + " (" + std::to_string(bytes) + " %)";
    if (no_inodes || few_inodes) {
        finding.found += " and " + std::to_string(space.free_inodes) + " inodes (" +
                         std::to_string(inodes) + " %)";
    }
    finding.found += " free in " + folder;
    if (finding.verdict != Verdict::ok) {
        finding.mend = "make room, see what takes it: du -xh --max-depth=3 " + folder +
                       " | sort -h; or lower keep_releases";
    }
    return finding;
}

Finding judge_logs(const std::string& folder, const LogSpace& logs, const Space& disk) {
    Finding finding{
        "logs", Verdict::ok,
        format_size(logs.bytes) + " in " + std::to_string(logs.files) + " files under " + folder,
        ""};
    // They alone could be what a full disk needs.
    if (disk.free_bytes < limits::kDiskBytesLow && logs.bytes > disk.free_bytes) {
        finding.verdict = Verdict::warn;
        finding.found += ", more than is free";
        finding.mend = "lower log.max_size or log.keep";
    }
    return finding;
}

Finding judge_certificate(const std::string& summary, WallTime expires, WallTime now) {
    constexpr const char* kMend = "renew it, then: systemctl reload lastgood";
    if (expires <= now) {
        return {"certificate", Verdict::fail, summary + ": expired on " + date(expires), kMend};
    }
    const auto left = std::chrono::duration_cast<Millis>(expires - now);
    if (left < limits::kCertificateSoon) {
        return {"certificate", Verdict::warn, summary + ": expires in " + format_duration(left),
                kMend};
    }
    return {"certificate", Verdict::ok, summary, ""};
}

Finding judge_clock(Millis ahead, const std::string& other) {
    const Millis off = ahead < Millis{0} ? -ahead : ahead;
    if (off < limits::kClockOffLow) return {"clock", Verdict::ok, "as that of " + other, ""};
    return {"clock", off < limits::kClockOffOut ? Verdict::warn : Verdict::fail,
            format_duration(off) + (ahead > Millis{0} ? " ahead of " : " behind ") + other,
            kSetClock};
}

Finding judge_file(const FileQuestion& question, const FileView& view, const std::string& reader,
                   uid_t reader_uid) {
    const std::string& path = question.path;
    const auto finding = [&question](Verdict verdict, std::string found, std::string mend) {
        return Finding{question.check, verdict, std::move(found), std::move(mend)};
    };
    if (view.failure == ENOENT || view.failure == ENOTDIR) {
        return finding(Verdict::fail, path + " is not there",
                       "make it, or correct " + question.key + " in the config");
    }
    if (view.failure == EACCES || view.failure == EPERM) {
        return finding(Verdict::fail, path + " can't be read by " + reader,
                       "chown " + reader + " " + path + ", and let it into the folders above");
    }
    if (view.failure != 0) {
        return finding(Verdict::fail, system_error("can't read " + path, view.failure).what,
                       "correct " + question.key + " in the config");
    }
    const std::string mode = " (mode " + octal(view.mode) + ")";
    if (question.kind == FileKind::settings) {
        if ((view.mode & 0002U) == 0) return finding(Verdict::ok, path, "");
        return finding(Verdict::fail, path + " can be changed by everybody" + mode,
                       "chmod o-w " + path);
    }
    // ssh itself is strict only with files of its own user.
    if (question.kind == FileKind::ssh_key && view.owner == reader_uid &&
        (view.mode & 0077U) != 0) {
        return finding(Verdict::fail, path + " is open to others, and ssh refuses it" + mode,
                       "chmod 600 " + path);
    }
    if ((view.mode & 0007U) != 0) {
        return finding(Verdict::fail, path + " is open to everybody" + mode, "chmod o-rwx " + path);
    }
    if (view.empty && (question.kind == FileKind::token || question.kind == FileKind::ssh_key)) {
        return finding(Verdict::fail, path + " is empty",
                       "put it in, or correct " + question.key + " in the config");
    }
    return finding(Verdict::ok, path + mode, "");
}

Finding judge_port(const PortView& port, bool daemon_runs) {
    const auto finding = [](Verdict verdict, std::string found, std::string mend) {
        return Finding{"port", verdict, std::move(found), std::move(mend)};
    };
    if (port.fault) return finding(Verdict::fail, port.fault->what, port.fault->mend);
    if (port.free && daemon_runs) {
        return finding(Verdict::fail,
                       "nobody listens on " + port.address + ", though the daemon runs",
                       std::string("systemctl ") + (port.app.empty() ? "restart" : "reload") +
                           " lastgood, which reads the config again");
    }
    if (port.free) return finding(Verdict::ok, port.address + " is free", "");
    if (port.held_by_daemon) {
        return finding(Verdict::ok, port.address + " is held by the daemon", "");
    }
    if (port.holders.empty()) {
        return daemon_runs
                   ? finding(Verdict::ok, port.address + " is taken; only root sees by whom", "")
                   : finding(Verdict::fail, port.address + " is taken by another program",
                             "see which one: sudo ss -ltnp 'sport = :" +
                                 port.address.substr(port.address.rfind(':') + 1) + "'");
    }
    const std::string holder = port.holders.front().text();
    if (port.held_by_app) {
        return finding(Verdict::ok,
                       port.address + " is held by the app itself, " + holder +
                           ", which the next daemon takes over",
                       "");
    }
    return finding(Verdict::fail, port.address + " is held by " + holder,
                   "end that program, or choose another port");
}

Finding judge_unknown(const std::vector<PortView>& ports, const std::string& config, bool sure) {
    const std::string what = "the running daemon doesn't know it";
    for (const PortView& port : ports) {
        if (port.free || port.fault || port.held_by_daemon || port.held_by_app) continue;
        const std::string holder =
            port.holders.empty() ? "another program" : port.holders.front().text();
        return {"state", Verdict::fail, what + ": " + port.address + " is held by " + holder,
                "end that program, or choose another port; then systemctl reload lastgood"};
    }
    return {"state", Verdict::fail, what,
            "systemctl reload lastgood, which reads the config again; if it stays so, see why: "
            "lastgood logs" +
                (sure ? "" : ". Or its config is another one than " + config)};
}

bool holds_password(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return false;
    const std::string_view rest = url.substr(scheme + 3);
    const auto at = rest.substr(0, rest.find('/')).rfind('@');
    return at != std::string_view::npos && rest.substr(0, at).find(':') != std::string_view::npos;
}

std::vector<std::string> settings_in_unit(std::string_view unit, std::string_view key) {
    std::vector<std::string> values;
    for (const std::string& raw : split(unit, '\n')) {
        const std::string_view line = trim(raw);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || trim(line.substr(0, equals)) != key) continue;
        values.emplace_back(trim(line.substr(equals + 1)));
    }
    return values;
}

std::string setting_in_unit(std::string_view unit, std::string_view key) {
    const auto values = settings_in_unit(unit, key);
    return values.empty() ? "" : values.back();
}

bool has_private_tmp(std::string_view unit) {
    const std::string value = to_lower(setting_in_unit(unit, "PrivateTmp"));
    const auto yes = {"yes", "true", "on", "1", "y", "t", "disconnected"};
    return std::find(yes.begin(), yes.end(), value) != yes.end();
}

std::optional<Error> user_fault(const Account& daemon, const sys::Identity& wanted) {
    if (daemon.uid == 0 || daemon.uid == wanted.uid) return std::nullopt;
    return Error{
        "only root can run it as " + wanted.name + ", and the daemon runs as " + daemon.name,
        "run lastgood as root (/usr/share/doc/lastgood/systemd.md, Rights), or remove `user`"};
}

}  // namespace lastgood::cli::diagnosis
