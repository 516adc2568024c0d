// The command line itself: which verbs there are and what they take.
#include "lastgood/cli/cli.h"

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/git/session.h"
#include "lastgood/process/cgroup.h"
#include "lastgood/receiver/receiver.h"

namespace lastgood::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 tried and failed, 2 wrong usage or config, 3 no daemon reached, "
    "4 refused.";

// The arguments of every verb, and which one was chosen.
struct Line {
    Context context;
    Daemon daemon;
    InitArgs init;
    StatusArgs status;
    ListArgs history;
    ListArgs deliveries;
    DeployArgs deploy;
    RollbackArgs rollback;
    LogsArgs logs;
    ReleaseArgs release;
    ForgeArgs forge;
    SyncArgs sync;
    std::string app;  // of the verbs that take nothing else
    std::string delivery;
    std::string archive;
    std::string quarantine_app;
    std::string doctor_app;
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
    static void take_app(CLI::App* verb, std::string& app, bool required) {
        CLI::Option* option = verb->add_option("APP", app, "The app's name");
        if (required) option->required();
    }
    static void take_count(CLI::App* verb, int& count, int most) {
        verb->add_option("-n", count, "How many at most")
            ->check(CLI::Range(1, most))
            ->capture_default_str();
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
    void add_sync(CLI::App* deliveries);
    static void take_forge(CLI::App* verb, ForgeArgs& args);
    void add_hidden();

    CLI::App& program_;
    Line& line_;
    CLI::App* release_ = nullptr;  // of quarantine
    CLI::App* sync_ = nullptr;     // of deliveries
};

void Verbs::add_init() {
    CLI::App* verb = with_json(add("init", "Look at a project, and write a config that runs it",
                                   [this] { return init(line_.context, line_.init); }));
    verb->add_option("DIR", line_.init.folder, "The project's checkout (default: this folder)");
    verb->add_option("--app", line_.init.app, "The app's name (default: the repository's)");
    verb->add_option("--listen", line_.init.listen, "The app's address, such as 0.0.0.0:3000");
    verb->add_flag("--print", line_.init.print, "Print the config, and write nothing");
}

void Verbs::add_daemon_verbs() {
    add("serve", "Run the daemon in the foreground",
        [this] { return serve(line_.context, line_.daemon); });
    with_json(add("check", "Read the config and tell every fault in it",
                  [this] { return check(line_.context); }));
    CLI::App* verb =
        with_json(add("doctor", "Look at all that deployments need, and tell how to mend it",
                      [this] { return doctor(line_.context, line_.doctor_app); }));
    take_app(verb, line_.doctor_app, false);
    with_json(add("version", "Show the version and those of the libraries",
                  [this] { return version(line_.context); }));
}

void Verbs::add_archive() {
    const auto take_file = [this](CLI::App* verb) {
        verb->add_option("FILE", line_.archive, "The archive, such as lastgood.tar.gz")->required();
    };
    take_file(add("export", "Write the state to one file, also while the daemon runs",
                  [this] { return export_state(line_.context, line_.daemon, line_.archive); }));
    take_file(add("import", "Begin with an exported state, before the daemon's first start",
                  [this] { return import_state(line_.context, line_.daemon, line_.archive); }));
}

void Verbs::add_views() {
    CLI::App* verb = with_json(
        add("status", "Show what runs", [this] { return status(line_.context, line_.status); }));
    take_app(verb, line_.status.app, false);
    verb->add_flag("--watch", line_.status.watch, "Show it again every two seconds");

    verb = with_json(add("history", "Show deployments, newest first",
                         [this] { return history(line_.context, line_.history); }));
    take_app(verb, line_.history.app, false);
    take_count(verb, line_.history.count, limits::kRowsMax);
}

void Verbs::add_deployment_verbs() {
    CLI::App* verb = with_json(add("deploy", "Put the branch's tip, or COMMIT, live",
                                   [this] { return deploy(line_.context, line_.deploy); }));
    take_app(verb, line_.deploy.app, true);
    verb->add_option("COMMIT", line_.deploy.commit,
                     "A full commit id, or the beginning of one that was here before");
    verb->add_flag("--force", line_.deploy.force, "Take the commit out of quarantine");
    verb->add_flag("--no-wait", line_.deploy.no_wait, "Don't wait for the outcome");

    verb = with_json(add("rollback", "Go back to the good release before this one",
                         [this] { return rollback(line_.context, line_.rollback); }));
    take_app(verb, line_.rollback.app, true);
    verb->add_option("--to", line_.rollback.to, "Go back to this commit");
    verb->add_flag("--no-wait", line_.rollback.no_wait, "Don't wait for the outcome");
}

void Verbs::add_process_verbs() {
    const std::vector<std::pair<const char*, const char*>> verbs = {
        {"pause", "Stop automatic deployments"},  {"resume", "Allow automatic deployments again"},
        {"start", "Start the app's process"},     {"stop", "Stop the app's process"},
        {"restart", "Restart the app's process"},
    };
    for (const auto& [name, about] : verbs) {
        CLI::App* verb = with_json(add(name, about, [this, word = std::string(name)] {
            return app_command(line_.context, word, line_.app);
        }));
        take_app(verb, line_.app, true);
    }
    with_json(add("reexec", "Replace the daemon's program in place, with the apps kept",
                  [this] { return reexec(line_.context); }));
}

void Verbs::add_logs() {
    constexpr int kLinesMax = 1'000'000;
    CLI::App* verb = with_json(add("logs", "Show output of apps and the daemon's log, by time",
                                   [this] { return logs(line_.context, line_.logs); }));
    verb->add_option("APP", line_.logs.apps, "Only of these apps");
    verb->add_flag("-f,--follow", line_.logs.follow, "Go on with what comes");
    take_count(verb, line_.logs.count, kLinesMax);
    verb->add_option("--since", line_.logs.since, "Not older than this: 10m, 2h, or a time");
    verb->add_option("--grep", line_.logs.grep, "Only lines that match this regular expression");
    verb->add_option("--level", line_.logs.level,
                     "Only this level and worse: error, warn, info, http, debug");
}

void Verbs::add_delivery_verbs() {
    CLI::App* verb =
        with_json(add("deliveries", "Show what came in, what was decided and why", [this] {
            return sync_->parsed() ? deliveries_sync(line_.context, line_.sync)
                                   : deliveries(line_.context, line_.deliveries);
        }));
    take_app(verb, line_.deliveries.app, false);
    take_count(verb, line_.deliveries.count, limits::kRowsMax);
    add_sync(verb);

    verb = with_json(add("redeliver", "Handle a delivery once more",
                         [this] { return redeliver(line_.context, line_.delivery); }));
    verb->add_option("ID", line_.delivery, "The delivery's id")->required();
}

void Verbs::add_quarantine() {
    CLI::App* verb =
        with_json(add("quarantine", "Show the commits that are not deployed by themselves", [this] {
            return release_->parsed() ? quarantine_release(line_.context, line_.release)
                                      : quarantine_list(line_.context, line_.quarantine_app);
        }));
    take_app(verb, line_.quarantine_app, false);
    release_ = verb->add_subcommand("release", "Allow a commit to be deployed again");
    release_->fallthrough();
    take_app(release_, line_.release.app, true);
    release_->add_option("COMMIT", line_.release.commit, "The commit's id, or its beginning")
        ->required();
}

void Verbs::take_forge(CLI::App* verb, ForgeArgs& args) {
    take_app(verb, args.app, true);
    verb->add_option("--url", args.url, "The hook's address, instead of by webhook.public_url");
    verb->add_option("--api", args.api, "The address of the forge's API, if not by `repo`");
    verb->add_option("--token-file", args.token_file,
                     "File with the forge's token (default: $LASTGOOD_FORGE_TOKEN)");
    verb->add_option("--ca", args.ca_file, "Trust the certificates in this file");
}

void Verbs::add_sync(CLI::App* deliveries) {
    sync_ = deliveries->add_subcommand("sync", "Have the forge send again what never arrived");
    sync_->fallthrough();
    take_forge(sync_, line_.sync.forge);
    sync_->add_flag("--dry-run", line_.sync.dry_run, "Only show what would be asked for");
}

void Verbs::add_webhook() {
    CLI::App* group = program_.add_subcommand("webhook", "The app's hook at its forge");
    group->require_subcommand(1);
    group->fallthrough();
    const auto verb = [this, group](const char* name, const char* about,
                                    int (*does)(const Context&, const ForgeArgs&)) {
        CLI::App* one = with_json(group->add_subcommand(name, about));
        one->fallthrough();
        one->callback([this, does] {
            line_.chosen = [this, does] { return does(line_.context, line_.forge); };
        });
        return one;
    };
    take_forge(verb("register", "Make or update the hook, or show how", webhook_register),
               line_.forge);
    take_forge(verb("list", "Show the hooks at the forge", webhook_list), line_.forge);
    take_forge(verb("remove", "Remove our hook at the forge", webhook_remove), line_.forge);
    CLI::App* test = verb("test", "Send a signed ping through the public address", webhook_test);
    take_app(test, line_.forge.app, true);
    test->add_option("--url", line_.forge.url, "The address, instead of by webhook.public_url");
    test->add_option("--ca", line_.forge.ca_file, "Trust the certificates in this file");
}

// The daemon's own processes.
void Verbs::add_hidden() {
    add("receiver", "", [] { return receiver::receiver_main(); })->group("");
    // The unit's ExecStopPost.
    add("let-next-daemon-in", "", [] {
        process::let_next_daemon_in();
        return 0;
    })->group("");
    add("git-worker", "", [] { return git::worker_main(); })->group("");
    add("log-reader", "", [] { return read_logs_for_daemon(); })->group("");
}

// What stands where a verb should; empty: nothing.
std::string unknown_verb(const CLI::App& program, const CLI::App& level) {
    if (level.get_require_subcommand_min() == 0 || !level.get_subcommands().empty()) return {};
    for (const std::string& word : program.remaining(true)) {
        if (!word.starts_with('-')) return word;
    }
    return {};
}

std::string nearest_verb(const std::string& word, const CLI::App& program) {
    std::vector<std::string> names;
    for (const CLI::App* verb : program.get_subcommands(
             [](const CLI::App* candidate) { return !candidate->get_group().empty(); })) {
        names.push_back(verb->get_name());
    }
    return nearest(word, names).value_or("");
}

int usage_fault(const CLI::ParseError& fault, const CLI::App& program) {
    // Help is no fault.
    if (fault.get_exit_code() == 0) return program.exit(fault);
    std::string what = fault.what();
    std::string hint = "see: lastgood --help";
    // `webhook` has verbs of its own.
    const auto chosen = program.get_subcommands();
    const CLI::App& level = chosen.empty() ? program : *chosen.front();
    const std::string before = chosen.empty() ? "" : level.get_name() + " ";
    if (const std::string word = unknown_verb(program, level); !word.empty()) {
        what = "there is no command " + before + word;
        const std::string meant = nearest_verb(word, level);
        if (!meant.empty()) hint = "did you mean: lastgood " + before + meant;
    }
    complain("lastgood: " + printable(what));
    complain(hint);
    return kUsage;
}

}  // namespace

int run(int argc, char** argv, const Daemon& daemon) {
    Line line;
    line.daemon = daemon;
    line.context.style = Style::of_stdout();
    CLI::App program("Puts the commit you pushed live, and keeps the last good one.", "lastgood");
    program.footer(kExitCodes);
    program.add_option("--config", line.context.config_option,
                       "The config file (default: $LASTGOOD_CONFIG, else "
                       "/etc/lastgood/lastgood.yaml)");
    program.set_version_flag("--version", std::string("lastgood ") + own_version());
    program.require_subcommand(1);
    Verbs verbs(program, line);  // what it adds refers to it
    verbs.add_all();
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& fault) {
        return usage_fault(fault, program);
    }
    return line.chosen ? line.chosen() : kUsage;
}

}  // namespace lastgood::cli
