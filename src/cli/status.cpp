#include <map>

#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/format.h"
#include "cli/help.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/usage_lines.h"
#include "cli/verbs.h"
#include "cli/watch.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

using Newest = std::map<std::string, DeploymentView>;  // by app

std::string state_text(const AppView& app) {
    return or_dash(app.state) + (app.paused ? ", paused" : "");
}

std::string uptime(const AppView& app) {
    return app.pid == 0 ? "-" : format_duration(std::chrono::seconds(app.uptime_s));
}

std::string memory(const AppView& app) {
    return app.pid == 0 ? "-" : format_size(app.memory_bytes);
}

// The one going on, else the one that ended last.
const DeploymentView* last_deployment(const AppView& app, const Newest& newest) {
    if (app.deployment) return &*app.deployment;
    const auto found = newest.find(app.name);
    return found == newest.end() ? nullptr : &found->second;
}

std::string deployment_text(const DeploymentView& deployment, WallTime now) {
    const std::string& word = deployment.outcome.empty() ? deployment.phase : deployment.outcome;
    const auto when = deployment.finished_at ? deployment.finished_at : deployment.started_at;
    return short_commit(deployment.commit) + " " + printable(word) +
           (when ? " " + age(*when, now) : "");
}

std::string trouble_lines(const std::vector<AppView>& apps, const Style& style) {
    std::string text;
    for (const AppView& app : apps) {
        if (!app.waits.empty()) {
            text += printable(app.name) + ": " + first_line(app.waits) + "\n";
        }
        if (app.trouble.empty()) continue;
        text += style.paint(Tone::bad, printable(app.name) + ": " + first_line(app.trouble)) + "\n";
    }
    return text;
}

std::string overview(const std::vector<AppView>& apps, const Newest& newest, const Style& style) {
    if (apps.empty()) return "no apps in the config\n";
    const WallTime now = wall_now();
    Table table({{"APP"},
                 {"STATE"},
                 {"COMMIT"},
                 {"SUBJECT", false, true},
                 {"SLOT"},
                 {"PID", true},
                 {"UPTIME", true},
                 {"RESTARTS", true},
                 {"MEMORY", true},
                 {"LAST DEPLOYMENT", false, true}});
    for (const AppView& app : apps) {
        const DeploymentView* last = last_deployment(app, newest);
        Cell deployment("-");
        if (last != nullptr) deployment = {deployment_text(*last, now), tone_of(last->outcome)};
        table.add({{printable(app.name), Tone::strong},
                   {state_text(app), tone_of(app.state)},
                   short_commit(app.commit),
                   or_dash(app.subject),
                   or_dash(app.slot),
                   app.pid == 0 ? "-" : std::to_string(app.pid),
                   uptime(app),
                   std::to_string(app.restarts),
                   memory(app),
                   deployment});
    }
    return table.render(style) + trouble_lines(apps, style);
}

std::string details(const AppView& app, const Newest& newest, const std::vector<SampleView>& day,
                    const Style& style) {
    const DeploymentView* last = last_deployment(app, newest);
    std::string text;
    const auto line = [&text, &style](const std::string& name, const std::string& value) {
        text += style.paint(Tone::dim, name + std::string(18 - name.size(), ' ')) + value + "\n";
    };
    line("app", style.paint(Tone::strong, printable(app.name)));
    line("state", style.paint(tone_of(app.state), state_text(app)));
    line("branch", or_dash(app.branch));
    line("commit",
         or_dash(app.commit) + (app.subject.empty() ? "" : "  " + printable(app.subject, 80)));
    line("last good", or_dash(app.last_good));
    line("slot", or_dash(app.slot));
    line("pid", app.pid == 0 ? "-" : std::to_string(app.pid));
    line("uptime", uptime(app));
    line("restarts", std::to_string(app.restarts));
    const bool draw = style.columns > 0;
    line("memory", memory_line(app, day, wall_now(), draw));
    line("cpu", cpu_line(app, day, wall_now(), draw));
    if (app.processes > 0) {
        line("processes", std::to_string(app.processes) + ", with " + std::to_string(app.threads) +
                              " threads and " + std::to_string(app.descriptors) +
                              " open descriptors");
    }
    if (!app.beside_slot.empty()) {
        line("beside it", short_commit(app.beside_commit) + " in slot " +
                              printable(app.beside_slot) + ", " +
                              format_size(app.beside_memory_bytes));
    }
    line("mirror", app.mirror_bytes == 0 ? "-" : format_size(app.mirror_bytes));
    line("last deployment",
         last == nullptr ? "-"
                         : std::to_string(last->id) + ": " + deployment_text(*last, wall_now()));
    if (last != nullptr && !last->reason.empty()) line("reason", first_line(last->reason));
    if (last != nullptr && !last->help.empty()) line("", see(last->help));
    return text + trouble_lines({app}, style);
}

// The newest ended deployment of each app; what isn't known isn't shown.
Newest newest_deployments(const Context& context, const std::string& app) {
    const Reply reply =
        ask(context, "GET", app.empty() ? "/v1/history?n=200" : app_path(app, "/history?n=1"));
    Newest newest;
    const auto rows = parse_history(reply.body);
    if (!reply.ok() || !rows) return newest;
    for (const DeploymentView& row : *rows) newest.emplace(row.app, row);  // newest first
    return newest;
}

Reply show(const Context& context, const std::string& app, std::string& text) {
    Reply reply = ask(context, "GET", app.empty() ? "/v1/apps" : app_path(app));
    if (!reply.ok()) return reply;
    if (context.json) {
        text = app.empty() ? reply.body : "{\"apps\":[" + reply.body + "]}";
        text += "\n";
        return reply;
    }
    const Newest newest = newest_deployments(context, app);
    if (app.empty()) {
        text = overview(parse_apps(reply.body).value_or(std::vector<AppView>{}), newest,
                        context.style);
    } else {
        const Reply samples = ask(context, "GET", app_path(app, "/samples"));
        text =
            details(parse_app(reply.body).value_or(AppView{}), newest,
                    parse_samples(samples.body).value_or(std::vector<SampleView>{}), context.style);
    }
    return reply;
}

}  // namespace

int status(const Context& context, const StatusArgs& args) {
    const auto view = [&args](const Context& now, std::string& text) {
        return show(now, args.app, text);
    };
    if (args.watch) return watch(context, view);
    std::string text;
    const Reply reply = view(context, text);
    if (!reply.ok()) return fail(reply);
    print(text);
    return kDone;
}

}  // namespace lastgood::cli
