// doctor: looks at all that a deployment needs before one fails for want of it.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/doctor/checks.h"
#include "cli/doctor/unit.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/config/load.h"

namespace lastgood::cli {
namespace diagnosis {

void check_config(const Patient& patient, Report& report) {
    const std::string& path = patient.config.path;
    const auto add = [&report](Verdict verdict, std::string found, std::string mend) {
        report.add({"config", verdict, std::move(found), std::move(mend)});
    };
    // Once more: the daemon has fewer rights than who runs this.
    if (const auto loaded = config::load(path); !loaded.config) {
        add(Verdict::fail,
            patient.account.name +
                ", as whom the daemon runs, can't use it: " + loaded.faults.front().text(),
            "let " + patient.account.name + " read it and what it names");
        return;
    }
    struct stat about {};
    const mode_t mode = stat(path.c_str(), &about) == 0 ? about.st_mode : 0;
    const bool password =
        std::any_of(patient.config.apps.begin(), patient.config.apps.end(),
                    [](const config::App& app) { return holds_password(app.auth.proxy); });
    if ((mode & S_IWOTH) != 0) {
        add(Verdict::fail, path + " can be changed by everybody", "chmod o-w " + path);
    } else if (password && (mode & S_IROTH) != 0) {
        add(Verdict::fail, path + " holds a password in `auth.proxy`, and everybody can read it",
            "chmod o-rwx " + path);
    } else {
        const std::size_t apps = patient.config.apps.size();
        add(Verdict::ok, path + ", " + std::to_string(apps) + (apps == 1 ? " app" : " apps"), "");
    }
}

namespace {

void check_account(const Patient& patient, Report& report) {
    if (patient.as_daemon) {
        report.add({"user", Verdict::ok, "looks with the rights of " + patient.account.name, ""});
        return;
    }
    report.add({"user", Verdict::warn,
                "looks with the rights of " + account_of(geteuid()).name +
                    ", but the daemon runs as " + patient.account.name,
                "run it with sudo, or as " + patient.account.name});
}

void check_all(const Patient& patient, Report& report) {
    check_config(patient, report);
    check_account(patient, report);
    check_host(patient, report);
    check_daemon(patient, report);
    check_tmp(patient, report);
    check_webhook(patient, report);
    check_admin(patient, report);
    check_fleet(patient, report);
    const Examined examined = examine_remotes(patient);
    for (const config::App& app : patient.apps) {
        const std::string name = app.name.str();
        check_app(patient, app, report);
        check_notify(patient, app, report);
        for (const Finding& finding : examined.at(name)) report.add(name, finding);
    }
}

bool is_same_file(const std::string& one, const std::string& other) {
    std::error_code unknown;
    return std::filesystem::equivalent(one, other, unknown);
}

bool unit_has_own_tmp() {
    const auto unit = daemon_unit();
    return unit && has_private_tmp(*unit);
}

int examine(const Context& context, const config::Config& config,
            const std::vector<config::App>& apps) {
    DaemonView daemon = look_at_daemon(config.runtime_dir + "/control.sock");
    const bool default_config = config_path(context) == kDefaultConfig;
    const Account account = daemon_account(daemon.process, default_config, config.state_dir);
    const bool other_config = !daemon.config.empty() && daemon.config != config.path &&
                              !is_same_file(daemon.config, config.path);
    const bool own_tmp = daemon.runs() ? daemon.own_tmp : default_config && unit_has_own_tmp();
    Patient patient{.context = context,
                    .config = config,
                    .program = own_program(),
                    .account = account,
                    .as_daemon = account.uid == geteuid(),
                    .daemon = std::move(daemon),
                    .other_config = other_config,
                    .own_tmp = own_tmp,
                    .ports = {},
                    .apps = apps};
    patient.ports = look_at_ports(config, apps, patient.daemon.pid);
    std::size_t longest = 0;
    for (const config::App& app : apps) longest = std::max(longest, app.name.str().size());
    Report report(context, longest);
    if (geteuid() == 0 && !patient.as_daemon) {
        if (const auto done = become(account); done) {
            patient.as_daemon = true;
        } else {
            report.add({"user", Verdict::warn, done.error().what, "run it as " + account.name});
        }
    }
    check_all(patient, report);
    return report.end();
}

}  // namespace
}  // namespace diagnosis

int doctor(const Context& context, const std::string& name) {
    const auto loaded = config::load(config_path(context));
    // The same words as everywhere.
    if (!loaded.config) return check(context);
    const config::Config& config = *loaded.config;
    if (name.empty()) return diagnosis::examine(context, config, config.apps);
    const auto wanted = AppName::parse(name);
    const config::App* app = wanted ? config.find(*wanted) : nullptr;
    if (app != nullptr) return diagnosis::examine(context, config, {*app});
    std::vector<std::string> names;
    for (const config::App& one : config.apps) names.push_back(one.name.str());
    const auto meant = nearest(name, names);
    complain(Error{"there is no app " + printable(name, 100) + " in " + config.path,
                   meant ? "did you mean " + *meant : "the apps are " + join(names, ", ")});
    return kUsage;
}

}  // namespace lastgood::cli
