// One app: its files, its port, its program, and what the daemon says of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>

#include "cli/app_setup.h"
#include "cli/doctor/checks.h"
#include "cli/programs.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/config/env_file.h"

namespace lastgood::cli::diagnosis {
namespace {

// PATH of what is run for the app: its own, else the daemon's. An env_file may set another one, and
// where the daemon doesn't run ours may not be its.
struct Folders {
    std::string path;
    bool sure = false;
};
Folders folders_of(const Patient& patient, const config::App& app) {
    const auto set = app.env.find("PATH");
    if (set != app.env.end()) return {set->second, app.env_file.empty()};
    if (!patient.daemon.path.empty()) return {patient.daemon.path, app.env_file.empty()};
    return {own_path(), false};
}

void check_needed_program(const Patient& patient, const config::App& app, const std::string& name,
                          const std::string& package, Report& report) {
    const std::string& theirs = patient.daemon.path;
    if (!find_program(name, theirs.empty() ? own_path() : theirs).empty()) return;
    report.add(app.name.str(),
               {"verify", Verdict::fail, name + " is not installed", "apt install " + package});
}

// Also what is in it: a line that can't be read keeps the app from being deployed.
void check_env_file(const Patient& patient, const config::App& app, Report& report) {
    if (app.env_file.empty()) return;
    Finding finding = check_file(patient, {"env file", "env_file", app.env_file, FileKind::secret});
    if (finding.verdict == Verdict::ok) {
        const auto read = config::read_env_file(app.env_file);
        if (!read) finding = {"env file", Verdict::fail, read.error().what, read.error().mend};
    }
    report.add(app.name.str(), std::move(finding));
}

void check_files(const Patient& patient, const config::App& app, Report& report) {
    const std::string name = app.name.str();
    const auto check = [&](const char* what, const char* key, const std::string& path,
                           FileKind kind) {
        if (!path.empty()) report.add(name, check_file(patient, {what, key, path, kind}));
    };
    check("ssh key", "auth.ssh_key", app.auth.ssh_key, FileKind::ssh_key);
    check("known hosts", "auth.known_hosts", app.auth.known_hosts, FileKind::settings);
    check("token", "auth.token_file", app.auth.token_file, FileKind::token);
    check("ca file", "auth.ca_file", app.auth.ca_file, FileKind::settings);
    check_env_file(patient, app, report);
    check("verify", "verify.allowed_signers", app.verify.allowed_signers, FileKind::settings);
    check("verify", "verify.gpg_keyring", app.verify.gpg_keyring, FileKind::settings);
    if (!app.verify.allowed_signers.empty()) {
        check_needed_program(patient, app, "ssh-keygen", "openssh-client", report);
    }
    if (!app.verify.gpg_keyring.empty()) {
        check_needed_program(patient, app, "gpgv", "gpgv", report);
    }
}

// In the live release; nothing before there is one.
void check_own_program(const Patient& patient, const config::App& app, const std::string& program,
                       Report& report) {
    const std::string name = app.name.str();
    const std::string live = patient.config.state_dir + "/apps/" + name + "/current";
    if (program.front() != '/' && access(live.c_str(), X_OK) != 0) return;
    const std::string path =
        program.front() == '/' ? program : live + "/" + app.workdir + "/" + program;
    if (is_program(path)) {
        report.add(name, {"run", Verdict::ok, program + " is there", ""});
        return;
    }
    report.add(name,
               {"run", program.front() == '/' ? Verdict::fail : Verdict::warn,
                program + " is no program" + (program.front() == '/' ? "" : " in the live release"),
                "correct `run`, or chmod +x it"});
}

Finding missing_program(const char* what, const std::string& program, const Folders& folders) {
    return {what, folders.sure ? Verdict::fail : Verdict::warn,
            program + " is not in PATH (" + folders.path + ")",
            how_to_install(program) + ", or set PATH in the app's env"};
}

void check_run(const Patient& patient, const config::App& app, Report& report) {
    const auto program = program_of(app.run);
    if (!program || program->empty()) return;
    if (program->find('/') != std::string::npos) {
        check_own_program(patient, app, *program, report);
        return;
    }
    const Folders folders = folders_of(patient, app);
    const std::string found = find_program(*program, folders.path);
    if (!found.empty()) {
        report.add(app.name.str(), {"run", Verdict::ok, *program + " is " + found, ""});
        return;
    }
    report.add(app.name.str(), missing_program("run", *program, folders));
}

// Only what is missing: the steps' first build tells the rest.
void check_build(const Patient& patient, const config::App& app, Report& report) {
    const Folders folders = folders_of(patient, app);
    std::set<std::string> told;
    for (const auto& step : app.build) {
        for (const std::string& program : named_programs(step)) {
            if (!find_program(program, folders.path).empty()) continue;
            if (!told.insert(program).second) continue;
            report.add(app.name.str(), missing_program("build", program, folders));
        }
    }
}

// Whom the app is to run as.
void check_user(const Patient& patient, const config::App& app, Report& report) {
    if (app.account.user.empty()) return;
    const std::string name = app.name.str();
    const auto identity = sys::find_identity(app.account.user, app.account.group);
    if (!identity) {
        report.add(name, {"user", Verdict::fail, identity.error().what, identity.error().mend});
        return;
    }
    if (const auto fault = user_fault(patient.account, *identity)) {
        report.add(name, {"user", Verdict::fail, fault->what, fault->mend});
        return;
    }
    report.add(name, {"user", Verdict::ok, "runs as " + identity->name, ""});
}

void check_state(const Patient& patient, const config::App& app, Report& report) {
    if (!patient.daemon.answers || patient.other_config) return;
    const std::string name = app.name.str();
    const AppView* view = patient.daemon.find(name);
    if (view == nullptr) {
        const auto ports = patient.ports.find(name);
        report.add(name, judge_unknown(
                             ports == patient.ports.end() ? std::vector<PortView>{} : ports->second,
                             patient.config.path, !patient.daemon.config.empty()));
        return;
    }
    const std::string state = view->state + (view->paused ? ", paused" : "");
    if (view->state == "failed" || !view->trouble.empty()) {
        report.add(name, {"state", view->state == "failed" ? Verdict::fail : Verdict::warn,
                          view->trouble.empty() ? state : state + ": " + view->trouble,
                          "see: lastgood history " + name + ", lastgood logs " + name});
        return;
    }
    report.add(name, {"state", Verdict::ok, state, ""});
}

// Of a program that is to bind the port of `listen` by itself, as PORT tells it.
void check_own_port(const config::App& app, Report& report) {
    const auto told = app.env.find("PORT");
    if (!app.preload || told == app.env.end() || app.listen.empty()) return;
    const bool same = std::any_of(app.listen.begin(), app.listen.end(), [&told](const auto& one) {
        return std::to_string(one.port) == told->second;
    });
    if (same) return;
    report.add(app.name.str(),
               {"listen", Verdict::warn,
                "PORT of env is " + printable(told->second, 20) + ", and `listen` is " +
                    app.listen.front().text() +
                    ": with `adopt: preload` users get to the app only where it binds that port",
                "give both the same port"});
}

}  // namespace

FileView look_at_file(const std::string& path) {
    FileView view;
    const sys::Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) view.failure = errno;
    struct stat about {};
    if (stat(path.c_str(), &about) == 0) {
        view.mode = about.st_mode & 07777U;
        view.owner = about.st_uid;
        view.empty = about.st_size == 0;
        if (view.failure == 0 && S_ISDIR(about.st_mode)) view.failure = EISDIR;
    }
    return view;
}

Finding check_file(const Patient& patient, const FileQuestion& question) {
    const FileView view = look_at_file(question.path);
    if (!patient.as_daemon && (view.failure == EACCES || view.failure == EPERM)) {
        return {question.check, Verdict::warn, "we may not read " + question.path,
                "run this with sudo, or as " + patient.account.name};
    }
    return judge_file(question, view, patient.account.name, patient.account.uid);
}

void check_app(const Patient& patient, const config::App& app, Report& report) {
    check_state(patient, app, report);
    const config::Webhook& webhook = patient.config.webhook;
    if (webhook.has_receiver() && !is_shared_secret(app.webhook.place, webhook.place)) {
        check_secrets(patient, {"secret", "secret_file"}, app.name.str(), app.webhook.secrets,
                      app.webhook.place, report);
    }
    check_user(patient, app, report);
    check_files(patient, app, report);
    check_run(patient, app, report);
    check_build(patient, app, report);
    check_own_port(app, report);
    const auto port = patient.ports.find(app.name.str());
    if (port != patient.ports.end()) {
        for (const auto& view : port->second) {
            report.add(app.name.str(), judge_port(view, patient.runs_this()));
        }
    }
}

}  // namespace lastgood::cli::diagnosis
