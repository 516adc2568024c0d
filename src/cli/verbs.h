// The verbs: one function and one struct of arguments for each. All return the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/forge_session.h"
#include "lastgood/base/limits.h"
#include "lastgood/cli/cli.h"

namespace lastgood::cli {

int serve(const Context& context, const Daemon& daemon);
int export_state(const Context& context, const Daemon& daemon, const std::string& file);
int import_state(const Context& context, const Daemon& daemon, const std::string& file);
int check(const Context& context);

struct InitArgs {
    std::string folder = ".";
    std::string app;     // empty: as the repository is called
    std::string listen;  // empty: by what the project binds
    bool print = false;
    bool app_only = false;  // prints the part of the app, to add to a config that is there
};
int init(const Context& context, const InitArgs& args);

int reexec(const Context& context);
int doctor(const Context& context, const std::string& app);  // empty: all
int version(const Context& context);
const char* own_version();
// This binary, for the processes that are started from it: argv[0] may be anything.
std::string own_program();

struct StatusArgs {
    std::string app;  // empty: all
    bool watch = false;
};
int status(const Context& context, const StatusArgs& args);

struct ListArgs {
    std::string app;  // empty: all
    int count = limits::kRowsDefault;
};
struct HistoryArgs : ListArgs {
    bool watch = false;
};
int history(const Context& context, const HistoryArgs& args);
int deliveries(const Context& context, const ListArgs& args);

int explain(const Context& context, const std::string& what);  // a deployment's id, or an app

struct DeployArgs {
    std::string app;
    std::string commit;  // empty: the branch's tip
    bool force = false;
    bool no_wait = false;
};
int deploy(const Context& context, const DeployArgs& args);

struct RollbackArgs {
    std::string app;
    std::string to;  // empty: the good release before this one
    bool no_wait = false;
};
int rollback(const Context& context, const RollbackArgs& args);

// `verb`: pause, resume, start, stop or restart.
int app_command(const Context& context, const std::string& verb, const std::string& app);

struct LogsArgs {
    std::vector<std::string> apps;
    bool follow = false;
    int count = 100;
    std::string since;
    std::string grep;
    std::string level;
};
int logs(const Context& context, const LogsArgs& args);
// The daemon's: what is asked comes by stdin, as logs::encode() says it.
int read_logs_for_daemon();

int redeliver(const Context& context, const std::string& id);

int help(const std::string& topic);  // of an error, by its stable name

int quarantine_list(const Context& context, const std::string& app);
struct ReleaseArgs {
    std::string app;
    std::string commit;
};
int quarantine_release(const Context& context, const ReleaseArgs& args);

// Of the whole group; `app` empty: all.
int fleet_status(const Context& context, const StatusArgs& args);
int fleet_hosts(const Context& context, const StatusArgs& args);
int fleet_history(const Context& context, const ListArgs& args);
int fleet_deploy(const Context& context, const DeployArgs& args);
int fleet_rollback(const Context& context, const RollbackArgs& args);
int fleet_pause(const Context& context, const std::string& app);
int fleet_resume(const Context& context, const std::string& app);

int notify_list(const Context& context, const std::string& app);  // empty: all
int notify_test(const Context& context, const std::string& app);

int webhook_register(const Context& context, const ForgeArgs& args);
int webhook_test(const Context& context, const ForgeArgs& args);
int webhook_list(const Context& context, const ForgeArgs& args);
int webhook_remove(const Context& context, const ForgeArgs& args);

struct RelayArgs {
    std::string from;  // the event stream's address
    std::string to;    // a hook of the receiver
    std::string ca_file;
};
// Until it is ended by a signal.
int relay(const RelayArgs& args);

struct SyncArgs {
    ForgeArgs forge;
    bool dry_run = false;
};
int deliveries_sync(const Context& context, const SyncArgs& args);

}  // namespace lastgood::cli
