#include "cli/command_line.h"

#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "lastgood/base/strings.h"
#include "lastgood/fleet/agent.h"
#include "lastgood/git/session.h"
#include "lastgood/notify/notifier.h"
#include "lastgood/process/cgroup.h"
#include "lastgood/receiver/receiver.h"

namespace lastgood::cli {

void Verbs::add_init() {
    CLI::App* verb = with_json(add("init", "Look at a project, and write a config that runs it",
                                   [this] { return init(line_.context, line_.init); }));
    take(verb, "DIR", line_.init.folder, "", "The project's checkout (default: this folder)");
    take(verb, "--app", line_.init.app, "NAME", "The app's name (default: the repository's)");
    take(verb, "--listen", line_.init.listen, "ADDRESS", "The app's address, such as 0.0.0.0:3000");
    verb->add_flag("--print", line_.init.print, "Print the config, and write nothing");
    verb->add_flag("--app-only", line_.init.app_only,
                   "Print the app's part alone, to add to a config that is there");
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
        take(verb, "FILE", line_.archive, "", "The archive, such as lastgood.tar.gz")->required();
        with_json(verb);
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
    watchable(verb, line_.status.watch);

    verb = with_json(add("history", "Show deployments, newest first",
                         [this] { return history(line_.context, line_.history); }));
    take_app(verb, line_.history.app, false);
    take_count(verb, line_.history.count, limits::kRowsMax);
    watchable(verb, line_.history.watch);

    verb = with_json(add("explain", "Tell the whole story of one deployment",
                         [this] { return explain(line_.context, line_.explained); }));
    take(verb, "DEPLOYMENT", line_.explained, "", "Its number, or an app for its newest one")
        ->required();
}

void Verbs::add_deployment_verbs() {
    CLI::App* verb = with_json(add("deploy", "Put the branch's tip, or COMMIT, live",
                                   [this] { return deploy(line_.context, line_.deploy); }));
    take_app(verb, line_.deploy.app, true);
    take(verb, "COMMIT", line_.deploy.commit, "",
         "A full commit id, or the beginning of one that was here before");
    verb->add_flag("--force", line_.deploy.force,
                   "Also if it is in quarantine, or not proved yet (promote)");
    verb->add_flag("--no-wait", line_.deploy.no_wait, "Don't wait for the outcome");

    verb = with_json(add("rollback", "Go back to the good release before this one",
                         [this] { return rollback(line_.context, line_.rollback); }));
    take_app(verb, line_.rollback.app, true);
    take(verb, "--to", line_.rollback.to, "COMMIT", "Go back to this commit");
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
    take(verb, "APP", line_.logs.apps, "", "Only of these apps");
    verb->add_flag("-f,--follow", line_.logs.follow, "Go on with what comes");
    take_count(verb, line_.logs.count, kLinesMax);
    take(verb, "--since", line_.logs.since, "TIME", "Not older than this: 10m, 2h, or a time");
    take(verb, "--grep", line_.logs.grep, "REGEX", "Only lines that match this regular expression");
    take(verb, "--level", line_.logs.level, "LEVEL",
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
    take(verb, "ID", line_.delivery, "", "The delivery's id")->required();
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
    take(release_, "COMMIT", line_.release.commit, "", "The commit's id, or its beginning")
        ->required();
}

void Verbs::take_forge(CLI::App* verb, ForgeArgs& args) {
    take_app(verb, args.app, true);
    take(verb, "--url", args.url, "URL", "The hook's address, instead of by webhook.public_url");
    take(verb, "--api", args.api, "URL", "The address of the forge's API, if not by `repo`");
    take(verb, "--token-file", args.token_file, "FILE",
         "File with the forge's token (default: $LASTGOOD_FORGE_TOKEN)");
    take(verb, "--ca", args.ca_file, "FILE", "Trust the certificates in this file");
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
    take(test, "--url", line_.forge.url, "URL", "The address, instead of by webhook.public_url");
    take(test, "--ca", line_.forge.ca_file, "FILE", "Trust the certificates in this file");
}

void Verbs::add_prompt_verbs() {
    CLI::App* verb = add("completion", "Print the script that completes commands in a shell",
                         [this] { return completion_script(line_.shell); });
    take(verb, "SHELL", line_.shell, "", "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
    verb = add("help", "Explain a command, or an error by its name",
               [this] { return help_on(line_.topic); });
    take(verb, "TOPIC", line_.topic, "", "A command, or a name such as LG-not-ready");
}

int Verbs::help_on(const std::vector<std::string>& topic) {
    const CLI::App* found = &program_;
    std::string before;
    for (const std::string& word : topic) {
        const auto verbs = found->get_subcommands([&word](const CLI::App* verb) {
            return verb->get_name() == word && !verb->get_group().empty();
        });
        if (verbs.empty()) return help(join(topic, " "));
        before += (before.empty() ? "" : " ") + found->get_name();
        found = verbs.front();
    }
    print(found->help(before));
    return kDone;
}

void Verbs::add_relay() {
    CLI::App* verb =
        add("relay", "Take webhooks from a relay, where no forge can reach this server",
            [this] { return relay(line_.relay); });
    take(verb, "URL", line_.relay.from, "", "The relay's event stream, as of smee.io")->required();
    take(verb, "--to", line_.relay.to, "URL", "The hook that gets them: http://HOST:PORT/hooks/APP")
        ->required();
    take(verb, "--ca", line_.relay.ca_file, "FILE", "Trust the certificates in this file");
}

void Verbs::add_notify() {
    CLI::App* group =
        program_.add_subcommand("notify", "Who is told what happens, and how it goes");
    group->require_subcommand(1);
    group->fallthrough();
    const auto verb = [this, group](const char* name, const char* about,
                                    int (*does)(const Context&, const std::string&)) {
        CLI::App* one = with_json(group->add_subcommand(name, about));
        one->fallthrough();
        take_app(one, line_.notify_app, false);
        one->callback([this, does] {
            line_.chosen = [this, does] { return does(line_.context, line_.notify_app); };
        });
    };
    verb("list", "Show what was told, what waits, and what was given up", notify_list);
    verb("test", "Send a test message to each target", notify_test);
}

// With the arguments of the verbs of the same names, which are about this machine.
void Verbs::add_fleet() {
    CLI::App* group = program_.add_subcommand("fleet", "The group of hosts that this one is of");
    group->require_subcommand(1);
    group->fallthrough();
    const auto verb = [this, group](const char* name, const char* about,
                                    std::function<int()> does) {
        CLI::App* one = with_json(group->add_subcommand(name, about));
        one->fallthrough();
        one->callback([this, does = std::move(does)] { line_.chosen = does; });
        return one;
    };
    CLI::App* view = verb("status", "Show what the group is at",
                          [this] { return fleet_status(line_.context, line_.status); });
    take_app(view, line_.status.app, false);
    watchable(view, line_.status.watch);
    view = verb("hosts", "Show each host and what it runs",
                [this] { return fleet_hosts(line_.context, line_.status); });
    take_app(view, line_.status.app, false);
    watchable(view, line_.status.watch);
    CLI::App* history = verb("history", "Show what was asked for, and what came of it",
                             [this] { return fleet_history(line_.context, line_.fleet_history); });
    take_app(history, line_.fleet_history.app, false);
    take_count(history, line_.fleet_history.count, limits::kRowsMax);
    CLI::App* deploy = verb("deploy", "Put the branch's tip, or COMMIT, live on every host",
                            [this] { return fleet_deploy(line_.context, line_.deploy); });
    take_app(deploy, line_.deploy.app, true);
    take(deploy, "COMMIT", line_.deploy.commit, "", "A full commit id, or the beginning of one");
    deploy->add_flag("--force", line_.deploy.force, "Also if it is in quarantine");
    deploy->add_flag("--no-wait", line_.deploy.no_wait, "Don't wait for the outcome");
    CLI::App* rollback = verb("rollback", "Go back to the good commit before, on every host",
                              [this] { return fleet_rollback(line_.context, line_.rollback); });
    take_app(rollback, line_.rollback.app, true);
    take(rollback, "--to", line_.rollback.to, "COMMIT", "Go back to this commit");
    rollback->add_flag("--no-wait", line_.rollback.no_wait, "Don't wait for the outcome");
    take_app(verb("pause", "Begin nothing new on any host",
                  [this] { return fleet_pause(line_.context, line_.fleet_app); }),
             line_.fleet_app, true);
    take_app(verb("resume", "Go on after a pause",
                  [this] { return fleet_resume(line_.context, line_.fleet_app); }),
             line_.fleet_app, true);
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
    // What the man pages are made of.
    add("command-tree", "", [this] {
        print(tree_json(tree_of(program_)) + "\n");
        return kDone;
    })->group("");
    add("notifier", "", [] { return notify::notifier_main(); })->group("");
    add("fleet-agent", "", [] { return fleet::agent_main(); })->group("");
}

}  // namespace lastgood::cli
