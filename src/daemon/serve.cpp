// What must be there before the daemon can begin: folders, its lock, log and journal.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "daemon/daemon.h"
#include "daemon/service_manager.h"
#include "daemon/state_lock.h"
#include "daemon/successor.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/daemon/daemon.h"

namespace lastgood::daemon {
namespace {

int refuse(const Error& error) {
    std::fprintf(stderr, "lastgood: %s\n", error.text().c_str());
    return 1;
}

Expected<void> make_writable(const std::string& directory, mode_t mode, const std::string& key) {
    auto made = sys::make_directories(directory, mode);
    if (made && access(directory.c_str(), W_OK | X_OK) == 0) return {};
    const std::string why =
        made ? "the folder " + directory + " can't be written" : made.error().what;
    return Error{why, "make it writable for the user lastgood runs as (uid " +
                          std::to_string(geteuid()) + "), or set " + key + " in the config"};
}

// `legacy`: set where another program shall take this one's place.
int run(const config::Config& config, const std::string& program, std::vector<PassedSocket> passed,
        std::optional<std::vector<PassedSocket>>& legacy) {
    sys::EventLoop loop;
    sys::Reaper reaper(loop);
    logs::Log log(config.log, config.state_dir + "/logs", &reaper);
    std::string damaged;
    auto journal = store::Journal::open_or_begin_anew(config.state_dir + "/lastgood.db", damaged);
    if (!journal) return refuse(journal.error());
    const auto next_id = (*journal)->next_deployment_id();
    if (!next_id) return refuse(next_id.error());
    if (!damaged.empty()) {
        log.error("daemon", "the database was damaged: it is kept as " + damaged +
                                ", and history, deliveries and quarantine begin anew");
    }
    Daemon daemon(config, program, loop, reaper, log, **journal, *next_id, std::move(passed),
                  !damaged.empty());
    const int exit_code = daemon.run();
    legacy = daemon.take_legacy();
    return exit_code;
}

}  // namespace

int serve(const config::Config& config, const std::string& program) {
    find_service_manager();
    std::vector<PassedSocket> passed = take_passed_sockets();
    signal(SIGPIPE, SIG_IGN);   // NOLINT(cert-err33-c)
    prctl(PR_SET_DUMPABLE, 0);  // secrets are in this memory
    umask(0022);
    // The working folder of whoever started it is nobody's to hold.
    if (chdir("/") != 0) return refuse(system_error("could not go to /", errno));
    if (auto made = make_writable(config.state_dir, 0750, "state_dir"); !made) {
        return refuse(made.error());
    }
    if (auto made = make_writable(config.runtime_dir, 0755, "runtime_dir"); !made) {
        return refuse(made.error());
    }
    const auto locked = lock_state(config.state_dir);
    if (!locked) return refuse(locked.error());

    std::optional<std::vector<PassedSocket>> legacy;
    const int exit_code = run(config, program, std::move(passed), legacy);
    if (!legacy) return exit_code;
    return refuse(become_successor(program, config.path, std::move(*legacy)));
}

}  // namespace lastgood::daemon
