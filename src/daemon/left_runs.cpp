#include "daemon/left_runs.h"

#include <fcntl.h>

#include "daemon/service_manager.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/core/machine.h"

namespace lastgood::daemon {
namespace {

// The first of several addresses has no number.
std::string numbered(std::string_view name, std::size_t number) {
    return std::string(name) + (number == 0 ? "" : "-" + std::to_string(number));
}

std::string first_note(std::size_t number) {
    return numbered("first_slot", number);
}

constexpr std::string_view kPrefix = "slot-";

std::string name_of(const AppName& app, Slot slot, std::size_t number) {
    return numbered(std::string(kPrefix) + app.str() + "-" + std::string(to_string(slot)), number);
}

std::optional<supervise::LeftRun> left_in(const Site& site, const config::App& app, Slot slot,
                                          const core::AppState& of_app,
                                          const std::vector<store::ProcessRow>& rows) {
    if (!core::is_taken_over(app.rules, of_app, slot)) return std::nullopt;
    const core::SlotState& state = of_app.slot(slot);
    const bool was_ready = state.state == core::RunState::running;
    // READY=1 may have come to nobody meanwhile.
    if (!was_ready && app.ready.kind == config::Ready::Kind::notify) return std::nullopt;
    for (const auto& row : rows) {
        if (row.app != app.name.str() || row.place != to_string(slot)) continue;
        const auto pid = static_cast<pid_t>(row.pid);
        const bool same = row.start_time != 0 && sys::process_start_time(pid) == row.start_time;
        const std::string output =
            supervise::output_of(site.config.runtime_dir, app.name, state.run) + ".out";
        if (!same || !sys::exists(output)) return std::nullopt;
        return supervise::LeftRun{state.run, pid, row.start_time, app.ready, was_ready};
    }
    return std::nullopt;
}

sys::Fd passed_socket(std::vector<PassedSocket>& passed, const std::string& name,
                      const config::ListenAddress& listen, Slot slot) {
    for (auto& socket : passed) {
        if (socket.name != name || !socket.fd) continue;
        if (process::listens_on(socket.fd.get(), listen, slot)) return std::move(socket.fd);
    }
    return {};
}

}  // namespace

std::vector<PassedSocket> take_slot_sockets(std::vector<PassedSocket>& passed) {
    std::vector<PassedSocket> taken;
    for (auto& socket : passed) {
        if (socket.name.starts_with(kPrefix)) taken.push_back(std::move(socket));
    }
    std::erase_if(passed, [](const PassedSocket& socket) { return !socket.fd; });
    return taken;
}

LeftApp find_left(Site& site, const config::App& app, const core::AppState& state,
                  const std::vector<store::ProcessRow>& rows, std::vector<PassedSocket>& passed) {
    LeftApp left;
    left.sockets.resize(app.listen.size());
    for (const Slot slot : kSlots) {
        auto& run = left.runs[index(slot)];
        run = left_in(site, app, slot, state, rows);
        for (std::size_t i = 0; i < app.listen.size(); ++i) {
            const config::ListenAddress& listen = app.listen[i];
            sys::Fd& socket = left.sockets[i].sockets[index(slot)];
            socket = passed_socket(passed, name_of(app.name, slot, i), listen, slot);
            if (!socket && run) socket = process::take_listening_socket(run->pid, listen, slot);
            if (!socket) run.reset();
        }
    }
    for (std::size_t i = 0; i < app.listen.size(); ++i) {
        left.sockets[i].active = state.active;
        const auto first = site.journal.note(app.name, first_note(i));
        if (first && *first == to_string(Slot::green)) left.sockets[i].first = Slot::green;
    }
    return left;
}

void keep_sockets(Site& site, const AppName& app,
                  const std::vector<process::SlotSockets>& sockets) {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        for (const Slot slot : kSlots) {
            keep_at_service_manager(name_of(app, slot, i), sockets[i].fd(slot));
        }
        const std::string first(to_string(sockets[i].first()));
        if (auto noted = site.journal.set_note(app, first_note(i), first); !noted) {
            site.log.warn(app.str(), noted.error().text());
        }
    }
}

void copy_sockets(const AppName& app, const std::vector<process::SlotSockets>& sockets,
                  std::vector<PassedSocket>& into) {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        for (const Slot slot : kSlots) {
            sys::Fd copy(fcntl(sockets[i].fd(slot), F_DUPFD_CLOEXEC, 0));
            into.push_back({name_of(app, slot, i), std::move(copy)});
        }
    }
}

void forget_sockets(const config::App& app) {
    for (std::size_t i = 0; i < app.listen.size(); ++i) {
        for (const Slot slot : kSlots) {
            tell_service_manager("FDSTOREREMOVE=1\nFDNAME=" + name_of(app.name, slot, i));
        }
    }
}

void forget_rest(std::vector<PassedSocket>& left) {
    for (const auto& socket : left) {
        if (socket.fd) tell_service_manager("FDSTOREREMOVE=1\nFDNAME=" + socket.name);
    }
    left.clear();
}

}  // namespace lastgood::daemon
