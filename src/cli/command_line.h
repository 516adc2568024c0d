// What the command line takes: one member of Verbs for each group of verbs, their arguments in
// Line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/verbs.h"
#include "lastgood/cli/cli.h"

namespace lastgood::cli {

// The arguments of every verb, and which one was chosen.
struct Line {
    Context context;
    Daemon daemon;
    InitArgs init;
    StatusArgs status;
    HistoryArgs history;
    ListArgs deliveries;
    DeployArgs deploy;
    RollbackArgs rollback;
    LogsArgs logs;
    ReleaseArgs release;
    ForgeArgs forge;
    SyncArgs sync;
    RelayArgs relay;
    std::string app;  // of the verbs that take nothing else
    std::string delivery;
    std::string archive;
    std::string quarantine_app;
    std::string doctor_app;
    std::string explained;
    std::string shell;
    std::vector<std::string> topic;
    std::string notify_app;
    std::string fleet_app;
    ListArgs fleet_history;
    std::function<int()> chosen;
};

class Verbs {
  public:
    Verbs(CLI::App& program, Line& line) : program_(program), line_(line) {}

    void add_all() {
        add_init();
        add_daemon_verbs();
        add_views();
        add_deployment_verbs();
        add_process_verbs();
        add_logs();
        add_delivery_verbs();
        add_quarantine();
        add_archive();
        add_webhook();
        add_relay();
        add_prompt_verbs();
        add_notify();
        add_fleet();
        add_hidden();
    }

  private:
    // `does` runs after everything was parsed.
    CLI::App* add(const char* name, const char* about, std::function<int()> does) {
        CLI::App* verb = program_.add_subcommand(name, about);
        verb->fallthrough();  // --config may also stand after the verb
        verb->callback([this, does = std::move(does)] { line_.chosen = does; });
        return verb;
    }
    CLI::App* with_json(CLI::App* verb) {
        verb->add_flag("--json", line_.context.json, "Print JSON");
        return verb;
    }
    // `value`: what its value is called; completion goes by it. Of a positional its name says so.
    template <typename Value>
    static CLI::Option* take(CLI::App* verb, const char* names, Value& into, const char* value,
                             const char* about) {
        return verb->add_option(names, into, about)->type_name(value);
    }
    static void take_app(CLI::App* verb, std::string& app, bool required) {
        take(verb, "APP", app, "", "The app's name")->required(required);
    }
    static void take_count(CLI::App* verb, int& count, int most) {
        take(verb, "-n", count, "N", "How many at most")
            ->check(CLI::Range(1, most).description(""))
            ->capture_default_str();
    }
    void watchable(CLI::App* verb, bool& watch) {
        verb->add_flag("--watch", watch, "Go on showing it as it changes");
    }

    void add_init();
    void add_daemon_verbs();
    void add_views();
    void add_deployment_verbs();
    void add_process_verbs();
    void add_logs();
    void add_delivery_verbs();
    void add_quarantine();
    void add_archive();
    void add_webhook();
    void add_prompt_verbs();
    int help_on(const std::vector<std::string>& topic);
    void add_notify();
    void add_sync(CLI::App* deliveries);
    static void take_forge(CLI::App* verb, ForgeArgs& args);
    void add_relay();
    void add_fleet();
    void add_hidden();

    CLI::App& program_;
    Line& line_;
    CLI::App* release_ = nullptr;  // of quarantine
    CLI::App* sync_ = nullptr;     // of deliveries
};

}  // namespace lastgood::cli
