#include "config/app.h"

#include <algorithm>
#include <array>

#include "config/command.h"
#include "config/fleet.h"
#include "config/listen.h"
#include "config/notify.h"
#include "config/process.h"
#include "config/promote.h"
#include "config/source.h"
#include "config/values.h"
#include "config/webhook.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

using namespace std::chrono_literals;

void read_webhook(const Section& section, App& app, const AppDefaults& defaults) {
    Secrets secrets;
    Mark mark = section.mark();
    if (const auto webhook = section.section("webhook", SectionKind::app_webhook)) {
        read_provider(*webhook, app.webhook.provider);
        read_networks(*webhook, "allow_from", app.webhook.allow_from);
        secrets = read_secrets(*webhook);
        mark = webhook->has("provider") ? webhook->mark_of("provider") : webhook->mark();
    }
    if (secrets.named) {
        mark = secrets.mark;
    } else {
        secrets = defaults.secrets;
    }
    if (!secrets.named && defaults.needs_secret) {
        section.fault("webhook", mark,
                      "no secret, no start; set webhook.secret_file here or for all apps, to a "
                      "file made with: " +
                          how_to_write_secret("FILE"));
    }
    for (const std::string& secret : secrets.values) {
        const std::string why = fault_for(app.webhook.provider, secret);
        if (why.empty()) continue;
        section.fault("webhook", mark, why);
        break;
    }
    app.webhook.secrets = std::move(secrets.values);
    app.webhook.place = std::move(secrets.place);
}

void read_poll(const Section& section, App& app) {
    const auto given = section.text("poll");
    if (!given) return;
    if (*given == "off") {
        app.poll.reset();
        return;
    }
    const std::string word = to_lower(*given);
    for (const char* never : {"off", "no", "false", "never", "0"}) {
        if (word != never) continue;
        return section.fault("poll", section.mark_of("poll"),
                             "write off, to look only once, at start");
    }
    section.duration("poll", *app.poll, 1s);
}

void read_env(const Section& section, App& app) {
    const auto* node = section.value("env");
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::map) {
        section.fault("env", node->mark, "expected a map of names and values");
        return;
    }
    for (const YamlEntry& entry : node->entries) {
        if (const auto name = read_env_name(entry.key); !name) {
            section.fault("env", entry.mark, name.error().text());
        } else if (entry.value.kind != YamlNode::Kind::scalar) {
            section.fault("env", entry.mark,
                          entry.key + " must have a single value (\"\" for an empty one)");
        } else {
            app.env[entry.key] = entry.value.text;
        }
    }
}

void read_ready_kind(const Section& ready, Ready& into) {
    bool notify = false;
    ready.flag("notify", notify);
    if (const auto http = ready.by("http", read_ready_http)) {
        into.kind = Ready::Kind::http;
        into.host = http->host;
        into.port = http->port;
        into.path = http->path;
    } else if (notify) {
        into.kind = Ready::Kind::notify;
    }
    ready.duration("after", into.after, 0ms);
}

void read_adopt(const Section& section, App& app) {
    section.choice<bool>("adopt", app.preload, {{"preload", true}});
    if (!app.preload) return;
    const bool tcp = std::none_of(app.listen.begin(), app.listen.end(),
                                  [](const auto& listen) { return listen.is_unix(); });
    if (app.listen.empty() || !tcp) {
        section.fault("adopt", section.mark_of("adopt"),
                      "needs HOST:PORT as `listen`: it is about how the app gets that socket");
    }
}

void read_stop(const Section& section, App& app) {
    if (section.value("drain") != nullptr) {
        section.duration("drain", app.stop.drain.emplace(app.stop.timeout), 0ms);
        if (!app.has_slots()) {
            section.fault("drain", section.mark_of("drain"),
                          "needs `listen`: without it an app ends before the next one starts");
        }
    }
    const auto stop = section.section("stop", SectionKind::stop);
    if (!stop) return;
    if (const auto signal = stop->by("signal", read_signal)) app.stop.signal = *signal;
    stop->duration("timeout", app.stop.timeout, 0ms);
}

void read_restart(const Section& section, App& app) {
    core::RestartBackoff& into = app.rules.restart;
    const auto restart = section.section("restart", SectionKind::restart);
    if (!restart) return;
    app.renew_every = restart->by("every", read_week_time);
    restart->duration("backoff", into.first, 1ms);
    restart->duration("backoff_max", into.longest, 1ms);
    if (into.longest >= into.first) return;
    const std::string_view key = restart->has("backoff_max") ? "backoff_max" : "backoff";
    restart->fault(key, restart->mark_of(key),
                   "the first pause (" + format_duration(into.first) +
                       ") can't be longer than the longest (" + format_duration(into.longest) +
                       ")");
}

void read_rules(const Section& section, App& app) {
    constexpr int kMany = 1000;
    core::Settings& rules = app.rules;
    rules.followed = app.followed;
    rules.two_slots = app.has_slots();
    section.choice<bool>("keep_previous", rules.keep_previous,
                         {{"probation", true}, {"off", false}});
    section.choice<bool>("supersede", rules.finish_before_newer,
                         {{"cancel", false}, {"finish", true}});
    section.flag("rollback_after_good", rules.rollback_after_good);
    section.flag("fast_forward_only", rules.fast_forward_only);
    if (rules.fast_forward_only && app.depth) {
        section.fault("depth", section.mark_of("depth"),
                      "fast_forward_only needs the whole history; remove one of the two");
    }
    section.duration("probation", rules.probation, 0ms);
    section.number("keep_releases", rules.keep_releases, 1, kMany);
    if (const auto loop = section.section("crash_loop", SectionKind::crash_loop)) {
        loop->number("crashes", rules.crash_loop.crashes, 1, kMany);
        loop->duration("within", rules.crash_loop.within, 1s);
    }
    read_restart(section, app);
    read_promote(section, app);
    section.choice<bool>("watch", rules.watch_liveness, {{"liveness", true}});
    const bool probes = app.ready.kind == Ready::Kind::http || app.repository.allows("ready");
    if (rules.watch_liveness && !probes) {
        section.fault("watch", section.mark_of("watch"),
                      "liveness asks what ready.http names; set that, too");
    }
}

void read_logs(const Section& section, App& app) {
    for (const auto& [path, mark] : read_texts(section, "logs")) {
        if (path.starts_with('/')) {
            app.logs.push_back(path);
        } else if (auto inside = read_workdir(path); !inside) {
            section.fault(
                "logs", mark,
                in_quotes(path) + " must be a file in the app's workdir, or an absolute path");
        } else {
            app.logs.push_back(*std::move(inside));
        }
    }
}

// true: all that a repository may ever say; or a list of keys.
void read_repository_rules(const Section& section, App& app) {
    app.repository.root = app.root;
    app.repository.listens = app.has_slots();
    const auto* node = section.value("allow_repo_config");
    if (node == nullptr) return;
    const auto& known = keys_of(SectionKind::repository).known;
    if (node->kind == YamlNode::Kind::scalar) {
        bool all = false;
        section.flag("allow_repo_config", all);
        if (all) app.repository.keys = known;
        return;
    }
    for (const auto& [key, mark] : read_texts(section, "allow_repo_config")) {
        if (!contains(known, key)) {
            section.fault(
                "allow_repo_config", mark,
                "a repository can't set " + in_quotes(key) + "; it may set " + join(known, ", "));
        } else {
            app.repository.keys.push_back(key);
        }
    }
}

void read_run(const Section& section, App& app) {
    if (!section.has("run") && !app.repository.allows("run")) {
        section.fault("run", section.mark(), "is missing; say what to run");
    }
    read_command(section, "run", app.run);
}

// `ready: /health`: what it means is clear, but it isn't the form.
std::string ready_meant(const std::string& text) {
    if (text.starts_with('/') || text.starts_with("http")) return "{ http: " + text + " }";
    if (parse_duration(text)) return "{ after: " + text + " }";
    return text == "notify" ? "{ notify: true }" : "{ http: /PATH }";
}

}  // namespace

Ready read_ready(const Section& section, bool listens) {
    Ready into;
    const auto* node = section.value("ready");
    if (node != nullptr && node->kind == YamlNode::Kind::scalar) {
        section.fault("ready", node->mark,
                      "expected a map of keys, not a single value; write ready: " +
                          printable(ready_meant(node->text), 200));
        return into;
    }
    const auto ready = section.section("ready", SectionKind::ready);
    if (!ready) return into;
    std::string_view first;
    for (const std::string_view key : {"http", "notify", "after"}) {
        if (ready->has(key) && !first.empty()) {
            ready->fault(key, ready->mark_of(key),
                         std::string(first) + " is there already; keep one of the two");
        }
        if (ready->has(key)) first = key;
    }
    read_ready_kind(*ready, into);
    ready->duration("within", into.within, 100ms);
    const bool own = into.kind == Ready::Kind::http && into.host.empty();
    if (own && !listens) {
        ready->fault(
            "http", ready->mark_of("http"),
            "a path is asked on the app's `listen`; set that, or write a full http:// URL");
    }
    return into;
}

Hooks read_hooks(const Section& section) {
    Hooks into;
    const auto hooks = section.section("hooks", SectionKind::hooks);
    if (!hooks) return into;
    read_commands(*hooks, "before_switch", into.before_switch);
    read_commands(*hooks, "after_switch", into.after_switch);
    read_commands(*hooks, "on_rollback", into.on_rollback);
    read_commands(*hooks, "on_failure", into.on_failure);
    return into;
}

App read_app(const Section& section, AppName name, const AppDefaults& defaults) {
    App app{.name = std::move(name)};
    read_source(section, app);
    read_webhook(section, app, defaults);
    read_poll(section, app);
    read_commands(section, "build", app.build);
    section.duration("fetch_timeout", app.fetch_timeout, 1s);
    section.duration("build_timeout", app.build_timeout, 1s);
    if (auto folder = section.by("workdir", read_workdir)) app.workdir = *std::move(folder);
    app.workdir = *read_workdir(app.root + "/" + app.workdir);
    read_env(section, app);
    section.file("env_file", app.env_file);
    app.listen = read_listens(section);
    read_ports(section, app);
    read_adopt(section, app);
    read_repository_rules(section, app);
    read_run(section, app);
    app.ready = read_ready(section, section.has("listen") || section.has("ports"));
    read_stop(section, app);
    read_logs(section, app);
    app.hooks = read_hooks(section);
    read_process(section, app);
    read_rules(section, app);
    app.notify = read_notify(section).value_or(defaults.notify);
    read_status(section, app);
    read_app_fleet(section, app);
    return app;
}

}  // namespace lastgood::config
