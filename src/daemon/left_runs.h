// What an earlier daemon of the same state_dir left running, and the sockets that it left open: who
// of it can be taken over, and what is kept for the daemon after this one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "daemon/passed_sockets.h"
#include "daemon/site.h"
#include "lastgood/process/slot_sockets.h"
#include "lastgood/store/journal.h"
#include "lastgood/supervise/app_runner.h"

namespace lastgood::daemon {

struct LeftApp {
    std::array<std::optional<supervise::LeftRun>, 2> runs{};  // by slot
    std::vector<process::LeftSockets> sockets{};              // in the order of `listen`
};

// Those of apps, of all that were passed.
std::vector<PassedSocket> take_slot_sockets(std::vector<PassedSocket>& passed);

// Takes the sockets of this app out of `passed`. A process counts where it was ready, is still the
// one that was recorded, its output can be read on and, with `listen`, its socket can be had.
LeftApp find_left(Site& site, const config::App& app, const core::AppState& state,
                  const std::vector<store::ProcessRow>& rows, std::vector<PassedSocket>& passed);

// The service manager keeps them while no daemon runs.
void keep_sockets(Site& site, const AppName& app, const std::vector<process::SlotSockets>& sockets);
// The same, for one that takes this one's place: copies, by the names that take_slot_sockets()
// knows.
void copy_sockets(const AppName& app, const std::vector<process::SlotSockets>& sockets,
                  std::vector<PassedSocket>& into);
void forget_sockets(const config::App& app);
// Those that no app took are let go.
void forget_rest(std::vector<PassedSocket>& left);

}  // namespace lastgood::daemon
