// The order of things: what an earlier daemon left is ended, then sockets are opened, apps begun,
// the receiver started, and the service manager told. In the end the receiver goes first, then the
// apps.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/admin_entry.h"
#include "daemon/app_service.h"
#include "daemon/delivery_desk.h"
#include "daemon/fleet_desk.h"
#include "daemon/front_door.h"
#include "daemon/housekeeper.h"
#include "daemon/news_desk.h"
#include "daemon/operator_desk.h"
#include "daemon/outbox.h"
#include "daemon/sampler.h"
#include "daemon/site.h"
#include "daemon/storage.h"
#include "lastgood/control/server.h"
#include "lastgood/process/tree_end.h"

namespace lastgood::daemon {

class Daemon {
  public:
    Daemon(const config::Config& config, const std::string& program, sys::EventLoop& loop,
           sys::Reaper& reaper, logs::Log& log, store::Journal& journal, std::int64_t next_id,
           std::vector<PassedSocket> passed, bool journal_is_new);

    // Runs until it is told to stop; the exit code.
    int run();
    // Told to stop for a successor in this same process: what that one gets. Once.
    std::optional<std::vector<PassedSocket>> take_legacy() { return std::exchange(legacy_, {}); }

  private:
    Expected<void> load_apps(const process::TokensInSight& seen);
    void reload();
    void reload_apps();
    void enter(const config::App& app);
    void keep_out(const config::App& app, const Error& why);
    void leave(std::unique_ptr<AppService> app);
    void look_around(Instant began);
    void end_leftovers(const process::TokensInSight& seen);
    void open_cgroups();
    void tell_of_switch();
    void end_leftover(process::Leftover left);
    [[nodiscard]] std::vector<process::Cgroup> left_groups() const;
    [[nodiscard]] bool is_taken_over(const store::ProcessRow& row) const;
    void begin();
    Expected<void> open_all();
    Expected<void> open_front_door();
    void on_signal(std::uint32_t signal);
    const core::AppState* state_of(const std::string& app) const;
    void recorded(const std::string& app);
    void look_for_promotions();
    [[nodiscard]] FleetHooks fleet_hooks();
    void ready();
    void tell_watchdog();
    void stop();
    void stop_parts();
    void stop_apps();
    void reexec();
    void make_way();
    void end_with(int exit_code);
    [[nodiscard]] std::string restart_mark() const;
    [[nodiscard]] bool is_at_work(const std::string& mirror) const;
    void app_gone();
    void fail(const Error& error);
    void tell_of(const AppName& app, const core::News& news);
    void journal_refused();
    void retry_journal();

    config::Config config_;  // as it was read last; site_ refers to it
    Site site_;
    const bool journal_is_new_;                         // what there was of it is lost
    std::vector<std::pair<AppName, RunId>> lost_runs_;  // that it knows no more
    NewsDesk news_;
    JournalStorage storage_;
    std::vector<PassedSocket> slot_sockets_;            // that the service manager kept
    std::vector<std::unique_ptr<AppService>> apps_;     // in the config's order
    std::vector<std::unique_ptr<AppService>> leaving_;  // end, and are of the config no more
    OperatorDesk operator_desk_;
    FleetDesk fleet_desk_;
    DeliveryDesk delivery_desk_;
    Housekeeper housekeeper_;
    Sampler sampler_;
    Outbox outbox_;
    std::unique_ptr<control::Server> control_;
    AdminEntry admin_entry_;
    FrontDoor front_door_;
    sys::Fd signals_;
    sys::EventLoop::Watch signal_watch_;
    sys::EventLoop::Timer look_again_;  // before the apps are loaded
    sys::EventLoop::Timer retry_;       // set: the journal refuses records
    sys::EventLoop::Timer calm_;
    sys::EventLoop::Timer enter_again_;
    sys::EventLoop::Timer watchdog_;
    sys::EventLoop::Timer stop_deadline_;
    int leftovers_ = 0;
    std::size_t apps_left_ = 0;
    bool begun_ = false;
    bool stopping_ = false;
    bool leaves_apps_ = false;  // for the daemon that comes after this one
    std::unique_ptr<process::RunSteps> trying_successor_;
    std::optional<std::vector<PassedSocket>> legacy_;
    int exit_code_ = 0;
};

}  // namespace lastgood::daemon
