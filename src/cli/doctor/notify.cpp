// Who is told: whether it can be, and how it went so far.
#include <unistd.h>

#include "cli/doctor/checks.h"
#include "cli/format.h"
#include "lastgood/base/strings.h"
#include "lastgood/forge/api.h"

namespace lastgood::cli::diagnosis {
namespace {

void check_program(const std::string& app, const config::NotifyTarget& target,
                   const std::string& program, Report& report) {
    if (!program.starts_with('/') || access(program.c_str(), X_OK) == 0) return;
    report.add(app, {"notify", Verdict::fail,
                     target.name + ": " + program + " is not there, or may not be run",
                     target.kind == config::TargetKind::email
                         ? "install a mail server that has sendmail, such as msmtp-mta or postfix"
                         : "mend `command` in the config, or its permissions"});
}

void check_place(const config::App& app, Report& report) {
    const auto place = forge::find_place(app.webhook.provider, app.repo, app.status->api);
    if (!place) {
        report.add(app.name.str(), {"status", Verdict::fail, place.error().what,
                                    "`status` needs a `repo` at the forge, or remove it"});
    } else if (place->api.starts_with("http://")) {
        report.add(app.name.str(),
                   {"status", Verdict::warn, "the token goes to " + place->api + " unencrypted",
                    "give https in `status.api`, or as `repo`"});
    }
}

}  // namespace

Finding judge_target(const TargetView& target, WallTime now) {
    const std::string mend = "see lastgood notify list " + target.app +
                             ", and try: lastgood notify "
                             "test " +
                             target.app;
    if (target.waiting > 0 && target.tries > 0) {
        return {"notify", Verdict::warn,
                target.target + ": " + std::to_string(target.waiting) + " waiting, " +
                    std::to_string(target.tries) + " attempts: " + target.failure,
                mend};
    }
    if (!target.last_event.empty() && !target.last_delivered) {
        return {"notify", Verdict::fail,
                target.target + ": the last message (" + target.last_event +
                    ") was given up: " + target.last_failure,
                mend};
    }
    std::string found = target.target + ": ";
    if (target.last_event.empty()) {
        found += "nothing was told yet";
    } else {
        found += "told " + target.last_event + " " +
                 (target.last_at ? age(*target.last_at, now) : std::string());
    }
    return {"notify", Verdict::ok, found, ""};
}

void check_notify(const Patient& patient, const config::App& app, Report& report) {
    const std::string name = app.name.str();
    for (const auto& target : app.notify) {
        if (target.kind == config::TargetKind::email) {
            check_program(name, target, target.sendmail, report);
        } else if (target.kind == config::TargetKind::command) {
            check_program(name, target, target.argv.front(), report);
        }
        if (!target.ca_file.empty()) {
            report.add(name, check_file(patient, {"notify", "notify.ca_file", target.ca_file,
                                                  FileKind::settings}));
        }
    }
    if (app.status) check_place(app, report);
    for (const TargetView& target : patient.daemon.targets) {
        if (target.app == name && !target.kind.empty()) {
            report.add(name, judge_target(target, wall_now()));
        }
    }
}

}  // namespace lastgood::cli::diagnosis
