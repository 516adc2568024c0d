// The checks, one function for each part of the whole. They look with the rights of this process,
// which are the daemon's once doctor.cpp took those.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/doctor/account.h"
#include "cli/doctor/daemon_view.h"
#include "cli/doctor/judge.h"
#include "cli/doctor/report.h"
#include "lastgood/config/config.h"

namespace lastgood::cli::diagnosis {

// What every check knows.
struct Patient {
    const Context& context;
    const config::Config& config;
    std::string program;  // this binary
    Account account;      // the daemon's
    bool as_daemon;       // we look with its rights
    DaemonView daemon;
    bool other_config;  // the daemon that runs reads another one than `config`
    bool own_tmp;       // the daemon's /tmp is not ours
    // By kWebhookPort and by app; asked before rights were given up, for only root sees who holds
    // one.
    std::map<std::string, std::vector<PortView>> ports;
    std::vector<config::App> apps;  // to be looked at

    // A daemon runs, and this config is its own.
    [[nodiscard]] bool runs_this() const { return daemon.runs() && !other_config; }
};

constexpr const char* kWebhookPort = ":webhook";
std::map<std::string, std::vector<PortView>> look_at_ports(const config::Config& config,
                                                           const std::vector<config::App>& apps,
                                                           pid_t daemon);

void check_config(const Patient& patient, Report& report);
void check_host(const Patient& patient, Report& report);
void check_daemon(const Patient& patient, Report& report);
void check_webhook(const Patient& patient, Report& report);
// The dashboard's tokens and certificate.
void check_admin(const Patient& patient, Report& report);
// What is on this machine.
void check_app(const Patient& patient, const config::App& app, Report& report);

// What lies below /tmp, where the daemon doesn't see it.
void check_tmp(const Patient& patient, Report& report);

// etcd, where this host is of a fleet.
void check_fleet(const Patient& patient, Report& report);

// Who is told of it.
void check_notify(const Patient& patient, const config::App& app, Report& report);

// Of the remotes and mirrors of all apps, a few at a time; by app.
using Examined = std::map<std::string, std::vector<Finding>>;
Examined examine_remotes(const Patient& patient);

FileView look_at_file(const std::string& path);
Finding check_file(const Patient& patient, const FileQuestion& question);
// What secrets are told as, and the key of their file.
struct SecretName {
    std::string check;
    std::string key;
};
// Of one app, or (empty) of all.
void check_secrets(const Patient& patient, const SecretName& name, const std::string& app,
                   const std::vector<std::string>& secrets, const config::SecretPlace& place,
                   Report& report);

}  // namespace lastgood::cli::diagnosis
